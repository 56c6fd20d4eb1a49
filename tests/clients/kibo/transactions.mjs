// Transactions of an account, and the sums that follow from them.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

export default async function transactions(walk) {
  const api = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const transaction = {
    transactionId: 'order-1',
    transactionType: 'Order',
    interactionType: 'Website',
    amount: 19.99,
    currencyCode: 'USD',
    date: '2026-01-02T03:04:05.678Z',
    visitId: null,
  }

  await walk.repeats(api, 'addTransaction', { accountId, transaction }, (made) => assert.deepEqual(made, transaction))
  await walk.fails(
    api,
    'addTransaction',
    { accountId, transaction: { ...transaction, transactionType: 'Gift' } },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'transactionType',
    },
  )
  await walk.fails(api, 'addTransaction', { accountId, transaction }, { status: 409, code: 'ITEM_ALREADY_EXISTS' })

  await walk.succeeds(api, 'getTransactions', { accountId }, (all) => assert.deepEqual(all, [transaction]))
  await walk.succeeds(api, 'getTransactions', { accountId, responseFields: 'transactionId,amount' }, (all) => {
    assert.deepEqual(all, [{ transactionId: 'order-1', amount: 19.99 }])
  })
  await walk.fails(api, 'getTransactions', { accountId: NOBODY }, missing)

  await walk.repeats(api, 'recomputeCustomerLifetimeValue', { accountId }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'recomputeCustomerLifetimeValue', { accountId: NOBODY }, missing)
  await walk.check('the commerce summary follows the transactions', async () => {
    const { commerceSummary } = await api.getAccount({ accountId })
    assert.equal(commerceSummary.orderCount, 1)
    assert.deepEqual(commerceSummary.totalOrderAmount, { amount: 19.99, currencyCode: 'USD' })
    assert.equal(commerceSummary.lastOrderDate, transaction.date)
  })
  await walk.fails(api, 'deleteAccount', { accountId }, { status: 409, code: 'VALIDATION_CONFLICT' })

  const first = { accountId, transactionId: 'order-1' }
  await walk.succeeds(api, 'removeTransaction', first, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'removeTransaction', first, missing)
}
