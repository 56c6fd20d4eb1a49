// Shoppers sign in and stay signed in.
import assert from 'node:assert/strict'
import { PASSWORD } from './walk.mjs'

export default async function tickets(walk) {
  const api = walk.api('StorefrontAuthTicket')
  const refused = { status: 401, code: 'UNAUTHORIZED' }
  const { customerAccount } = await walk.shopper()
  const username = customerAccount.emailAddress

  const signedIn = await walk.succeeds(
    api,
    'createUserAuthTicket',
    { customerUserAuthInfo: { username, password: PASSWORD, fingerprint: 'phone', region: 'TX' } },
    (ticket) => {
      assert.equal(ticket.customerAccount.id, customerAccount.id)
      const life = Date.parse(ticket.accessTokenExpiration) - Date.now()
      assert.ok(life > 0 && life <= 15 * 60_000, ticket.accessTokenExpiration)
    },
  )
  const wrong = { username, password: 'Wrong-horse-7' }
  await walk.fails(api, 'createUserAuthTicket', { customerUserAuthInfo: wrong }, refused)

  const { refreshToken } = signedIn
  const next = await walk.succeeds(api, 'refreshUserAuthTicket', { refreshToken }, (ticket) => {
    assert.equal(ticket.userId, signedIn.userId)
    assert.notEqual(ticket.refreshToken, refreshToken)
  })
  await walk.fails(api, 'refreshUserAuthTicket', { refreshToken: 'abc+/=' }, refused)
  await walk.fails(
    api,
    'refreshUserAuthTicket',
    {},
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'refreshToken',
    },
  )
  await walk.check('the refreshed ticket is good', async () => {
    const account = await walk.shopperApi('CustomerAccount', next.accessToken).getCurrentAccount({})
    assert.equal(account.id, customerAccount.id)
  })

  await walk.succeeds(api, 'createAnonymousShopperAuthTicket', {}, (ticket) => {
    assert.match(ticket.userId, /^[0-9a-f]{32}$/)
    assert.equal(ticket.customerAccount, null)
  })
  const stranger = walk.api('StorefrontAuthTicket', walk.configuration({ accessToken: 'no.token.atall' }))
  await walk.fails(stranger, 'createAnonymousShopperAuthTicket', {}, refused)
}
