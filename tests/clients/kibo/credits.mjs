// Store credit and gift cards: made, spent, claimed, mailed about.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'

export default async function credits(walk) {
  const api = walk.api('Credit')
  const { id: customerId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const invalid = (parameter) => ({ status: 400, code: 'MISSING_OR_INVALID_PARAMETER', parameter })
  const conflict = { status: 409, code: 'VALIDATION_CONFLICT' }
  const code = `card-${randomBytes(6).toString('hex')}`
  const customerCredit = {
    code,
    creditType: 'GiftCard',
    currencyCode: 'USD',
    initialBalance: 59.97,
    customerId,
    activationDate: '2026-01-02T03:04:05.678Z',
    expirationDate: '2090-01-02T03:04:05.678Z',
  }

  await walk.repeats(api, 'addCredit', { customerCredit }, (made) => {
    assert.deepEqual({ ...made, ...customerCredit }, made)
    assert.deepEqual([made.currentBalance, made.creditTypeId, made.customCreditType], [59.97, 1, null])
  })
  await walk.fails(api, 'addCredit', { customerCredit }, { status: 409, code: 'ITEM_ALREADY_EXISTS' })
  await walk.succeeds(api, 'getCredit', { code: code.toUpperCase() }, (one) => assert.equal(one.code, code))
  await walk.fails(api, 'getCredit', { code: 'nothing' }, missing)
  await walk.succeeds(api, 'getCredits', { filter: `customerId eq ${customerId}`, pageSize: 5 }, (page) => {
    assert.deepEqual([page.totalCount, page.items[0].code], [1, code])
  })
  await walk.fails(api, 'getCredits', { sortBy: 'nothing' }, invalid('sortBy'))

  const creditTransaction = { transactionType: 'Debit', impactAmount: 19.99, orderId: 'order-1', data: { hats: [1, 2.5] } }
  await walk.repeats(api, 'addTransaction', { code, creditTransaction }, (made) => {
    assert.deepEqual({ ...made, ...creditTransaction }, made)
    assert.equal(made.balance, 39.98)
  })
  await walk.fails(api, 'addTransaction', { code, creditTransaction: { ...creditTransaction, impactAmount: 100 } }, conflict)
  await walk.succeeds(api, 'getTransactions', { code }, (page) => {
    assert.deepEqual(page.items.map((one) => one.impactAmount), [19.99])
  })
  await walk.fails(api, 'getTransactions', { code: 'nothing' }, missing)

  const change = { customCreditType: 'Spring', expirationDate: '2091-01-02T03:04:05.678Z' }
  await walk.succeeds(api, 'updateCredit', { code, customerCredit: change }, (changed) => {
    assert.deepEqual({ ...changed, ...change }, changed)
    assert.deepEqual([changed.currentBalance, changed.initialBalance], [39.98, 59.97])
  })
  await walk.fails(api, 'updateCredit', { code, customerCredit: { creditType: 'StoreCredit' } }, conflict)
  await walk.stale(api, 'updateCredit', { code, customerCredit: change })
  await walk.succeeds(api, 'getAuditEntries', { code }, (page) => {
    assert.deepEqual(page.items.map((one) => one.activityType), ['Updated', 'Transaction', 'Created'])
  })
  await walk.fails(api, 'getAuditEntries', { code: 'nothing' }, missing)
  await walk.succeeds(api, 'resendCreditCreatedEmail', { code }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'resendCreditCreatedEmail', { code: 'nothing' }, missing)

  const ticket = await walk.shopper()
  const shopper = walk.shopperApi('Credit', ticket.accessToken)
  const found = await api.addCredit({ customerCredit: { initialBalance: 5 } })
  await walk.stale(shopper, 'associateCreditToShopper', { code: found.code })
  await walk.succeeds(shopper, 'associateCreditToShopper', { code: found.code }, (one) => {
    assert.equal(one.customerId, ticket.customerAccount.id)
  })
  await walk.fails(shopper, 'associateCreditToShopper', { code }, conflict)

  await walk.stale(api, 'deleteCredit', { code: found.code })
  await walk.succeeds(api, 'deleteCredit', { code: found.code }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteCredit', { code }, conflict)
}
