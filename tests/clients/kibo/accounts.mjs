// Accounts: find, read, create, replace, remove.
import assert from 'node:assert/strict'
import { NOBODY, asShopper, fresh, withHeaders } from './walk.mjs'

export default async function accounts(walk) {
  const api = walk.api('CustomerAccount')
  const email = fresh('jo')
  const address = { address1: '1 Main St', cityOrTown: 'Austin', stateOrProvince: 'TX', postalOrZipCode: '78701' }
  const customerAccount = {
    emailAddress: email,
    firstName: 'Jo',
    lastName: 'Doe',
    acceptsMarketing: true,
    contacts: [{ email, firstName: 'Jo', address: { ...address, countryCode: 'US' }, types: [{ name: 'Billing' }] }],
    notes: [{ content: 'Likes tea' }],
  }

  const made = await walk.repeats(api, 'addAccount', { customerAccount }, (account) => {
    assert.equal(account.emailAddress, email)
    assert.equal(account.isAnonymous, true)
    assert.equal(account.contacts[0].address.countryCode, 'US')
    assert.deepEqual(account.commerceSummary.totalOrderAmount, { amount: 0, currencyCode: 'USD' })
  })
  await walk.fails(
    api,
    'addAccount',
    { customerAccount: { emailAddress: 'no address' } },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'EmailAddress',
    },
  )
  const id = made.id

  await find(walk, api, made)
  await read(walk, api, made)
  await replace(walk, api, id)

  await walk.stale(api, 'deleteAccount', { accountId: id })
  await walk.succeeds(api, 'deleteAccount', { accountId: id }, (nothing) => assert.equal(nothing, undefined))
  await walk.fails(api, 'deleteAccount', { accountId: id }, { status: 404, code: 'ITEM_NOT_FOUND' })
}

async function find(walk, api, made) {
  await walk.guest({ lastName: 'Doe' })
  await walk.succeeds(
    api,
    'getAccounts',
    {
      startIndex: 0,
      pageSize: 10,
      sortBy: 'lastName asc, createDate desc',
      filter: `emailAddress eq ${made.emailAddress} and isAnonymous eq true and firstName sw 'J'`,
      isAnonymous: true,
      responseFields: 'items(id,emailAddress),totalCount',
    },
    (page) => assert.deepEqual(page, { totalCount: 1, items: [{ id: made.id, emailAddress: made.emailAddress }] }),
  )
  await walk.succeeds(api, 'getAccounts', { q: 'doe jo', qLimit: 50, responseGroups: 'Contacts' }, (page) => {
    assert.deepEqual([page.totalCount, page.pageCount, page.startIndex, page.pageSize], [1, 1, 0, 20])
    assert.equal(page.items[0].contacts.length, 1)
  })
  await walk.check('the cursor of one page leads to the next', async () => {
    const first = await api.getAccounts({ pageSize: 1, filter: 'lastName eq doe' })
    assert.equal(first.totalCount, 2)
    // The client has no name for the parameter, so its users put it into the address.
    const turn = async ({ url, init }) => ({ url: `${url}&cursor=${encodeURIComponent(first.nextCursor)}`, init })
    const second = await api.withPreMiddleware(turn).getAccounts({ pageSize: 1, filter: 'lastName eq doe' })
    assert.notEqual(second.items[0].id, first.items[0].id)
    assert.equal(second.nextCursor, null)
  })
  await walk.fails(
    api,
    'getAccounts',
    { filter: 'shoeSize eq 43' },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'filter',
    },
  )
}

async function read(walk, api, made) {
  await walk.succeeds(api, 'getAccount', { accountId: made.id }, (account) => assert.deepEqual(account, made))
  await walk.fails(api, 'getAccount', { accountId: NOBODY }, { status: 404, code: 'ITEM_NOT_FOUND' })

  const ticket = await walk.shopper()
  const mine = walk.shopperApi('CustomerAccount', ticket.accessToken)
  await walk.succeeds(mine, 'getCurrentAccount', {}, (account) => assert.equal(account.userId, ticket.userId))
  await walk.fails(api, 'getCurrentAccount', {}, { status: 401, code: 'UNAUTHORIZED' })
  await walk.fails(mine, 'getAccount', { accountId: made.id }, { status: 403, code: 'FORBIDDEN' })
  await walk.fails(mine, 'getAccounts', {}, { status: 403, code: 'FORBIDDEN' })
  await walk.check('a shopper is named by middleware, per call, or by claims alone', async () => {
    const perCall = withHeaders({ 'x-vol-user-claims': ticket.accessToken })
    const { shop } = walk
    const claims = { accessToken: undefined, appClaims: shop.token, userClaims: ticket.accessToken }
    const jwt = { accessToken: ticket.jwtAccessToken }
    const answers = [
      await walk.api('CustomerAccount').withMiddleware(asShopper(ticket.accessToken)).getCurrentAccount({}),
      await api.getCurrentAccount({}, perCall),
      await walk.api('CustomerAccount', walk.configuration(claims)).getCurrentAccount({}),
      await walk.api('CustomerAccount', walk.configuration(jwt)).getCurrentAccount({}),
    ]
    for (const account of answers) assert.equal(account.id, ticket.customerAccount.id)
  })
}

async function replace(walk, api, accountId) {
  const customerAccount = { emailAddress: fresh('jo'), lastName: 'Poe' }
  await walk.stale(api, 'updateAccount', { accountId, customerAccount })
  await api.getAccount({ accountId })
  const newest = withHeaders({ 'If-Match': walk.seen.etag })
  const right = (account) => {
    assert.deepEqual([account.firstName, account.lastName, account.contacts.length], [null, 'Poe', 1])
  }
  await walk.succeeds(api, 'updateAccount', { accountId, customerAccount }, right, newest)
  await walk.fails(
    api,
    'updateAccount',
    { accountId: NOBODY, customerAccount },
    {
      status: 404,
      code: 'ITEM_NOT_FOUND',
    },
  )
}
