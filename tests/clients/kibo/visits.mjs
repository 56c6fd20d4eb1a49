// Visits: recorded with what was done there, found again, replaced, and counted on their account.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

const IPAD = 'Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148'

export default async function visits(walk) {
  const api = walk.api('CustomerVisit')
  const accounts = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const invalid = (parameter) => ({ status: 400, code: 'MISSING_OR_INVALID_PARAMETER', parameter })
  const order = { transactionId: 'visit-order', transactionType: 'Order', amount: 12.5, currencyCode: 'USD' }
  const visit = {
    accountId,
    type: 'Website',
    date: new Date(Date.now() - 3_600_000).toISOString(),
    webSessionId: 'session-1',
    webReferrer: 'https://search.example/',
    webUserAgent: IPAD,
    locationCode: 'austin',
  }

  const made = await walk.repeats(api, 'addVisit', { visit: { ...visit, transactions: [order] } }, (one) => {
    for (const [name, value] of Object.entries(visit)) assert.equal(one[name], value)
    assert.match(one.id, /^[0-9a-f]{32}$/)
    assert.equal(one.webSiteId, walk.shop.siteId)
    assert.equal(one.transactions[0].visitId, one.id)
    assert.equal(one.transactions[0].date, visit.date)
  })
  await walk.fails(api, 'addVisit', { visit: { ...visit, type: 'Fax' } }, invalid('type'))
  await walk.fails(api, 'addVisit', { visit: { ...visit, accountId: NOBODY } }, missing)
  await walk.succeeds(api, 'addVisit', { visit: { id: 'my-own-id', type: 'Call' } }, (one) => {
    assert.equal(one.id, 'my-own-id')
  })
  await walk.fails(api, 'addVisit', { visit: { id: 'my-own-id' } }, { status: 409, code: 'ITEM_ALREADY_EXISTS' })

  await walk.succeeds(api, 'getVisit', { visitId: made.id }, (one) => assert.deepEqual(one, made))
  await walk.succeeds(api, 'getVisit', { visitId: 'my-own-id', responseFields: 'type' }, (one) => {
    assert.deepEqual(one, { type: 'Call' })
  })
  await walk.fails(api, 'getVisit', { visitId: 'nobody' }, missing)

  await walk.succeeds(api, 'getVisits', { filter: `accountId eq ${accountId}`, sortBy: 'date desc' }, (page) => {
    assert.equal(page.totalCount, 1)
    assert.deepEqual(page.items, [made])
  })
  await walk.fails(api, 'getVisits', { filter: 'shoeSize eq 3' }, invalid('filter'))

  await walk.check('the commerce summary counts the visit and what was done there', async () => {
    const { commerceSummary } = await accounts.getAccount({ accountId })
    assert.equal(commerceSummary.visitsCount, 1)
    assert.equal(commerceSummary.orderCount, 1)
  })

  const store = { ...made, type: 'Store' }
  await walk.succeeds(api, 'updateVisit', { visitId: made.id, visit: store }, (one) => {
    assert.deepEqual(one, store)
  })
  await walk.fails(api, 'updateVisit', { visitId: made.id, visit: { ...store, webSiteId: NOBODY } }, invalid('webSiteId'))
  await walk.stale(api, 'updateVisit', { visitId: made.id, visit: store })
}
