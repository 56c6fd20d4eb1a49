// Somebody of the service desk acts for a shopper.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

export default async function impersonation(walk) {
  const api = walk.api('StorefrontAuthTicket')
  const { customerAccount, userId } = await walk.shopper()
  const accountId = customerAccount.id

  const cartAuthTicketRequest = { accountId, cartId: 'cart-1' }
  const ticket = await walk.repeats(api, 'impersonateCart', { cartAuthTicketRequest }, (given) => {
    assert.equal(given.userId, userId)
    assert.equal(given.customerAccount.id, accountId)
    const life = Date.parse(given.refreshTokenExpiration) - Date.now()
    assert.ok(life > 0 && life <= 60 * 60_000, given.refreshTokenExpiration)
  })
  const nobody = { cartAuthTicketRequest: { ...cartAuthTicketRequest, accountId: NOBODY } }
  await walk.fails(api, 'impersonateCart', nobody, { status: 404, code: 'ITEM_NOT_FOUND' })
  const nothing = { cartAuthTicketRequest: { accountId } }
  const missing = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER', parameter: 'cartId' }
  await walk.fails(api, 'impersonateCart', nothing, missing)

  await walk.check('who acts for a shopper sees the account and changes no password', async () => {
    const accounts = walk.shopperApi('CustomerAccount', ticket.accessToken)
    assert.equal((await accounts.getCurrentAccount({})).id, accountId)
    const customerPasswordInfo = { oldPassword: 'Correct-horse-7', newPassword: 'Other-horse-7' }
    const refused = { status: 403, code: 'FORBIDDEN' }
    await walk.refusal(accounts, 'changePassword', { accountId, customerPasswordInfo }, refused)
  })
}
