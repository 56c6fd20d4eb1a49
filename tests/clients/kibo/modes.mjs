// The client signs in by itself: client credentials, then the tenant, then the call ("mode B").
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { NOBODY, PASSWORD, fresh, withHeaders } from './walk.mjs'

const require = createRequire(import.meta.url)
const { APIAuthClient } = require('@kibocommerce/sdk-authentication')

export default async function modes(walk) {
  const { shop } = walk
  const asked = []
  // The client always says https for these; the server under test speaks plain HTTP.
  const fetchApi = (url, init) => {
    const plain = String(url).replace(/^https:\/\/(?=127\.0\.0\.1)/, 'http://')
    asked.push(`${init?.method ?? 'GET'} ${new URL(plain).pathname}`)
    return fetch(plain, init)
  }
  const authHost = new URL(shop.base).host
  const configuration = walk.configuration({
    accessToken: undefined,
    apiHost: undefined,
    clientId: shop.clientId,
    sharedSecret: shop.clientSecret,
    authHost,
    fetchApi,
  })
  const accounts = walk.api('CustomerAccount', configuration)
  const tickets = walk.api('StorefrontAuthTicket', configuration)
  const email = fresh('mode-b')

  await walk.check('the client signs in and asks for the tenant before its first call, and only then', async () => {
    await accounts.getAccounts({ pageSize: 1 })
    await accounts.getAccounts({ pageSize: 1 })
    assert.deepEqual(asked, [
      'POST /api/platform/applications/authtickets/oauth',
      `GET /api/platform/tenants/${shop.tenantId}`,
      'GET /api/commerce/customer/accounts',
      'GET /api/commerce/customer/accounts',
    ])
  })
  const customerAccountAndAuthInfo = { account: { emailAddress: email }, password: PASSWORD }
  const { customerAccount } = await walk.succeeds(accounts, 'addAccountAndLogin', { customerAccountAndAuthInfo })
  await walk.succeeds(accounts, 'getAccount', { accountId: customerAccount.id }, (account) => {
    assert.equal(account.emailAddress, email)
  })
  await walk.fails(accounts, 'getAccount', { accountId: NOBODY }, { status: 404, code: 'ITEM_NOT_FOUND' })
  const customerUserAuthInfo = { username: email, password: PASSWORD }
  const ticket = await walk.succeeds(tickets, 'createUserAuthTicket', { customerUserAuthInfo })
  const asShopper = withHeaders({ 'x-vol-user-claims': ticket.accessToken })
  await walk.succeeds(accounts, 'getCurrentAccount', {}, () => {}, asShopper)

  await authentication(walk, { clientId: shop.clientId, sharedSecret: shop.clientSecret, authHost }, fetchApi)
}

async function authentication(walk, credentials, fetchApi) {
  await walk.check('the authentication client refreshes its ticket', async () => {
    const client = new APIAuthClient(credentials, fetchApi)
    const ticket = await client.authenticate()
    assert.ok(ticket.expires_at > Date.now())
    const next = await client.refreshTicket(ticket)
    const accessToken = async () => next.access_token
    await walk.api('CustomerAccount', walk.configuration({ accessToken })).getAccounts({ pageSize: 0 })
  })
  await walk.check('wrong credentials reach the caller as a sentence', async () => {
    const client = new APIAuthClient({ ...credentials, sharedSecret: 'wrong' }, fetchApi)
    await assert.rejects(client.authenticate(), { message: 'The client id or the secret is wrong.' })
  })
}
