// Saved cards: what may be shown of them.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

export default async function cards(walk) {
  const api = walk.api('CustomerAccount')
  const { id: accountId, contacts } = await walk.guest({ contacts: [{ firstName: 'Kim' }] })
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const cardId = 'token/with space'
  const card = {
    id: cardId,
    cardNumberPart: '************1111',
    cardType: 'VISA',
    expireMonth: 12,
    expireYear: 2030,
    nameOnCard: 'Kim Lee',
    contactId: contacts[0].id,
    isDefaultPayMethod: true,
  }

  await walk.repeats(api, 'addAccountCard', { accountId, card }, (saved) => assert.deepEqual(saved, card))
  await walk.fails(api, 'addAccountCard', { accountId, card }, { status: 409, code: 'ITEM_ALREADY_EXISTS' })
  await walk.fails(
    api,
    'addAccountCard',
    { accountId, card: { id: 'x', cardNumberPart: '4111111111111111' } },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'cardNumberPart',
    },
  )

  await walk.succeeds(api, 'getAccountCard', { accountId, cardId }, (saved) => assert.deepEqual(saved, card))
  await walk.fails(api, 'getAccountCard', { accountId, cardId: 'unknown' }, missing)
  await walk.succeeds(api, 'getAccountCards', { accountId }, (all) => {
    assert.deepEqual(all, { totalCount: 1, items: [card] })
  })
  await walk.fails(api, 'getAccountCards', { accountId: NOBODY }, missing)

  const renewed = { ...card, expireYear: 2035 }
  await walk.stale(api, 'updateAccountCard', { accountId, cardId, card: renewed })
  await walk.succeeds(api, 'updateAccountCard', { accountId, cardId, card: renewed }, (saved) => {
    assert.equal(saved.expireYear, 2035)
  })
  await walk.fails(
    api,
    'updateAccountCard',
    { accountId, cardId, card: { ...card, expireMonth: 13 } },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'expireMonth',
    },
  )

  await walk.stale(api, 'deleteAccountCard', { accountId, cardId })
  await walk.succeeds(api, 'deleteAccountCard', { accountId, cardId }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAccountCard', { accountId, cardId }, missing)
}
