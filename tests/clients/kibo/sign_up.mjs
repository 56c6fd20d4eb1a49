// Accounts with logins: one, many, and a guest who becomes a registered customer.
import assert from 'node:assert/strict'
import { NOBODY, PASSWORD, fresh } from './walk.mjs'

export default async function signUp(walk) {
  const api = walk.api('CustomerAccount')
  const invalid = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }
  const email = fresh('ann')
  const customerAccountAndAuthInfo = { account: { emailAddress: email, firstName: 'Ann' }, password: PASSWORD }

  await walk.repeats(api, 'addAccountAndLogin', { customerAccountAndAuthInfo }, (ticket) => {
    assert.ok(ticket.accessToken && ticket.refreshToken && ticket.jwtAccessToken)
    assert.equal(ticket.customerAccount.isAnonymous, false)
    assert.equal(ticket.customerAccount.userName, email)
    assert.equal(ticket.requires2FA, false)
  })
  const again = { account: { emailAddress: email.toUpperCase() }, password: PASSWORD }
  await walk.fails(
    api,
    'addAccountAndLogin',
    { customerAccountAndAuthInfo: again },
    {
      ...invalid,
      parameter: 'EmailAddress',
    },
  )
  const weak = { account: { emailAddress: fresh('ann') }, password: 'short' }
  await walk.fails(
    api,
    'addAccountAndLogin',
    { customerAccountAndAuthInfo: weak },
    { ...invalid, parameter: 'password' },
  )

  const row = () => ({ account: { emailAddress: fresh('bulk') }, password: PASSWORD })
  await walk.repeats(api, 'addAccounts', { customerAccountAndAuthInfo: [row(), row()] }, (page) => {
    assert.deepEqual([page.totalCount, page.items.length], [2, 2])
  })
  const mixed = [row(), { account: { emailAddress: email }, password: PASSWORD }]
  await walk.fails(api, 'addAccounts', { customerAccountAndAuthInfo: mixed }, invalid)

  const { id: accountId } = await walk.guest()
  const customerLoginInfo = { emailAddress: fresh('lou'), username: fresh('user'), password: PASSWORD }
  await walk.repeats(api, 'addLoginToExistingCustomer', { accountId, customerLoginInfo }, (ticket) => {
    assert.equal(ticket.customerAccount.id, accountId)
    assert.equal(ticket.customerAccount.userName, customerLoginInfo.username)
  })
  await walk.fails(
    api,
    'addLoginToExistingCustomer',
    { accountId, customerLoginInfo },
    {
      status: 409,
      code: 'VALIDATION_CONFLICT',
    },
  )
  await walk.fails(
    api,
    'addLoginToExistingCustomer',
    { accountId: NOBODY, customerLoginInfo },
    {
      status: 404,
      code: 'ITEM_NOT_FOUND',
    },
  )
}
