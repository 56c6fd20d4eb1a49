// What the official clients make of a refusal: a token that ran out or was revoked, and too many requests.
import assert from 'node:assert/strict'
import { authenticate, makeIntegration, makeSalesChannel, revoke } from '@commercelayer/js-auth'
import { CommerceLayer } from '@commercelayer/sdk/bundle'
import { PASSWORD } from './walk.mjs'

const INVALID = (error) => error.status === 401 && error.first().code === 'INVALID_TOKEN'

// Where the helpers of js-auth keep tokens: here in memory.
function memory() {
  const kept = new Map()
  return {
    getItem: async (key) => kept.get(key) ?? null,
    setItem: async (key, value) => kept.set(key, value),
    removeItem: async (key) => kept.delete(key),
  }
}

export default async function sessions(walk) {
  await ranOut(walk)
  await tooMany(walk)
  await helpers(walk)
}

async function ranOut(walk) {
  const { domain, integration, channel, expired } = walk.facts
  const asked = []
  const renewing = (accessToken) => CommerceLayer({
    accessToken,
    refreshToken: async (old) => {
      asked.push(old)
      return (await walk.token('client_credentials', integration)).accessToken
    },
  })
  await walk.check('a token that ran out is refused, and without a hook that is all', async () => {
    await assert.rejects(CommerceLayer({ accessToken: expired }).customers.list(), INVALID)
  })
  await walk.check('the hook of the SDK renews it, and the call is made again', async () => {
    const cl = renewing(expired)
    await cl.customers.list()
    await cl.customers.list()
    assert.deepEqual(asked, [expired])
  })
  await walk.check('a revoked token is no reason to renew it, and neither is what may not be done', async () => {
    const guest = await walk.guestToken()
    const denied = (error) => error.status === 401 && error.first().code === 'UNAUTHORIZED'
    await assert.rejects(renewing(guest.accessToken).customers.list(), denied)
    const username = (await walk.shopper()).email
    const ticket = await walk.token('password', { ...channel, username, password: PASSWORD })
    await revoke({ clientId: channel.clientId, token: ticket.accessToken })
    await assert.rejects(renewing(ticket.accessToken).customers.retrieve(ticket.ownerId), INVALID)
    const again = await authenticate('refresh_token', { domain, ...channel, refreshToken: ticket.refreshToken })
    assert.equal(again.errors[0].title, 'invalid_grant') // who signs out has to sign in
    assert.deepEqual(asked, [expired])
  })
}

async function tooMany(walk) {
  const { crowded, integration } = walk.facts
  const { accessToken } = await walk.integrationToken()
  const heads = []
  await walk.check('answers tell how many calls are left; one too many is a 429 that says when to come again', async () => {
    const native = globalThis.fetch
    const cl = CommerceLayer({
      accessToken, domain: crowded.domain,
      fetch: async (...call) => {
        const answer = await native(...call)
        heads.push(['limit', 'interval', 'remaining'].map((name) => answer.headers.get(`x-ratelimit-${name}`)))
        if (answer.status === 429) heads.push(answer.headers.get('retry-after'))
        return answer
      },
    })
    for (let left = crowded.limit; left > 0; left -= 1) await cl.organization.retrieve()
    const many = (error) => error.status === 429 && error.first().code === 'RATE_LIMIT_EXCEEDED'
    await assert.rejects(cl.organization.retrieve(), many)
    const limit = String(crowded.limit)
    assert.deepEqual(heads[0], [limit, '60', String(crowded.limit - 1)])
    assert.deepEqual(heads.at(-2), [limit, '60', '0'])
    assert.ok(heads.at(-1) >= 1 && heads.at(-1) <= 60)
  })
  await walk.check('tokens have a limit of their own', async () => {
    const ask = () => authenticate('client_credentials', { domain: crowded.domain, ...integration })
    for (let left = crowded.limit; left > 0; left -= 1) assert.equal((await ask()).errors, undefined)
    const [error] = (await ask()).errors
    assert.deepEqual([error.status, error.code], [429, 'RATE_LIMIT_EXCEEDED'])
  })
}

async function helpers(walk) {
  const { domain, integration, channel } = walk.facts
  await walk.check('the helper for sales channels keeps a customer signed in until they sign out', async () => {
    const shop = makeSalesChannel({ domain, ...channel }, { storage: memory() })
    const guest = await shop.getAuthorization()
    assert.deepEqual([guest.ownerType, guest.scope], ['guest', channel.scope])
    const { id, ticket } = await walk.shopper()
    await shop.setCustomer({ accessToken: ticket.accessToken, scope: ticket.scope, refreshToken: ticket.refreshToken })
    const customer = await shop.getAuthorization()
    assert.deepEqual([customer.ownerType, customer.ownerId], ['customer', id])
    assert.equal((await walk.client(customer).customers.retrieve(id)).id, id)
    await shop.logoutCustomer()
    assert.equal((await shop.getAuthorization()).ownerType, 'guest')
    await assert.rejects(walk.client(customer).customers.retrieve(id), INVALID)
  })
  await walk.check('the helper for integrations keeps its token until it is revoked', async () => {
    const backend = makeIntegration({ domain, ...integration }, { storage: memory() })
    const { accessToken } = await backend.getAuthorization()
    assert.equal((await backend.getAuthorization()).accessToken, accessToken)
    await backend.revokeAuthorization()
    await assert.rejects(CommerceLayer({ accessToken }).organization.retrieve(), INVALID)
  })
  await walk.open() // the token that all share was revoked
}
