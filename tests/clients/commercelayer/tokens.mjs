// Every grant through js-auth; what tokens say, how they are verified, revoked and told about.
import assert from 'node:assert/strict'
import {
  authenticate, createAssertion, getCoreApiBaseEndpoint, getTokenType, jwtDecode, jwtIsIntegration, jwtIsSalesChannel,
  jwtIsWebApp, jwtVerify, revoke,
} from '@commercelayer/js-auth'
import { PASSWORD, fresh } from './walk.mjs'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLAIMS = 'https://commercelayer.io/claims'
const PLAIN = ['accessToken', 'createdAt', 'expires', 'expiresIn', 'scope', 'tokenType']
const OWNED = [...PLAIN, 'ownerId', 'ownerType', 'refreshToken'].sort()

// A user of the organization allows a web app on our page, in the way that a browser would; then the app asks with js-auth.
async function webApps(walk, granted, refused, keys) {
  const { webapp, user, integration, domain } = walk.facts
  const page = `https://auth.${domain}/oauth/authorize`
  const allow = async () => {
    const asked = { client_id: webapp.clientId, redirect_uri: webapp.redirectUri, response_type: 'code', state: 'of mine' }
    const shown = await fetch(`${page}?${new URLSearchParams(asked)}`)
    assert.deepEqual([shown.status, shown.headers.get('content-type')], [200, 'text/html; charset=utf-8'])
    const body = new URLSearchParams({ ...asked, email: user.email, password: user.password, decision: 'allow' })
    const answer = await fetch(page, { method: 'POST', body, redirect: 'manual' })
    const away = new URL(answer.headers.get('location'))
    assert.deepEqual([answer.status, away.searchParams.get('state')], [303, 'of mine'])
    return away.searchParams.get('code')
  }
  const isTheUsers = (kind) => (answer) => {
    assert.deepEqual(keys(answer), OWNED)
    assert.deepEqual([answer.ownerId, answer.ownerType, answer.scope], [user.id, 'user', 'market:all'])
    assert.equal(getTokenType(jwtDecode(answer.accessToken).payload), `${kind}:user`)
  }
  const code = await allow()
  const ticket = await granted('authorization_code', { ...webapp, code }, isTheUsers('webapp'))
  assert.ok(jwtIsWebApp((await jwtVerify(ticket.accessToken)).payload))
  await granted('refresh_token', { ...webapp, refreshToken: ticket.refreshToken }, isTheUsers('webapp'))
  const cl = walk.client(ticket)
  assert.ok((await cl.customers.list({ pageSize: 1 })).meta.recordCount >= 1)
  assert.equal((await cl.application.retrieve()).kind, 'webapp')
  await refused('a code that was used', 'invalid_grant', 401, 'authorization_code', { ...webapp, code })
  await assert.rejects(cl.customers.list(), (error) => error.status === 401 && error.first().code === 'INVALID_TOKEN')
  const elsewhere = { ...webapp, code: await allow(), redirectUri: 'https://elsewhere.test/' }
  await refused('another address', 'invalid_grant', 401, 'authorization_code', elsewhere)

  const assertion = await createAssertion({ payload: { [CLAIMS]: { owner: { type: 'User', id: user.id } } } })
  await granted(JWT_BEARER, { ...webapp, assertion }, isTheUsers('webapp'))
  const asUser = await granted(JWT_BEARER, { ...integration, assertion }, isTheUsers('integration'))
  const forgotten = await walk.cl.customers.create({ email: fresh('forgotten') })
  const asked = await walk.client(asUser).customers.update({ id: forgotten.id, _request_anonymization: true })
  assert.deepEqual(asked.anonymization_info.requester, { id: user.id, first_name: 'Kim', last_name: 'Lee', email: user.email })
}

export default async function tokens(walk) {
  const { integration, channel, keeper, domain } = walk.facts
  const keys = (answer) => Object.keys(answer).sort()

  const refused = async (what, title, status, grant, options) => {
    const answer = await authenticate(grant, { domain, ...options })
    assert.equal(answer.accessToken, undefined, what)
    assert.deepEqual([answer.errors[0].title, answer.errors[0].status], [title, status], what)
    assert.ok(answer.errors[0].detail)
    walk.report({ type: 'tokens', operation: grant, outcome: 'failure', error: `${status} ${title}` })
  }
  const granted = async (grant, options, check) => {
    const answer = await walk.token(grant, options)
    await check(answer)
    assert.ok(Math.abs(answer.expires - Date.now() - answer.expiresIn * 1000) < 5_000)
    walk.report({ type: 'tokens', operation: grant, outcome: 'success' })
    return answer
  }
  const status = async ({ accessToken }) => {
    const answer = await fetch(`https://${walk.facts.organization}.${domain}/oauth/tokeninfo`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
    return [answer.status, (await answer.json()).errors?.[0].code]
  }

  const machine = await granted('client_credentials', integration, (answer) => {
    assert.deepEqual(keys(answer), PLAIN)
    assert.deepEqual([answer.tokenType, answer.scope, answer.expiresIn <= 7200], ['bearer', 'market:all', true])
  })
  const guest = await granted('client_credentials', channel, (answer) => {
    assert.deepEqual([keys(answer), answer.scope], [PLAIN, channel.scope])
    assert.ok(answer.expiresIn > 14_000)
  })
  await refused('an unknown client', 'invalid_client', 401, 'client_credentials', { clientId: 'nobody' })
  await refused('a wrong secret', 'invalid_client', 401, 'client_credentials', { ...integration, clientSecret: 'x' })
  const nowhere = { ...channel, scope: 'market:code:nowhere' }
  await refused('an unknown market', 'invalid_scope', 400, 'client_credentials', nowhere)

  await walk.check('tokens are of their kind, and verified with the published keys', async () => {
    const read = await jwtVerify(machine.accessToken)
    assert.ok(jwtIsIntegration(read.payload))
    assert.deepEqual([read.header.alg, read.header.typ, typeof read.header.kid], ['RS512', 'JWT', 'string'])
    assert.equal(read.payload.organization.slug, walk.facts.organization)
    assert.equal(getTokenType(read.payload), 'integration:guest')
    assert.ok(jwtIsSalesChannel(jwtDecode(guest.accessToken).payload))
    assert.equal(getCoreApiBaseEndpoint(guest.accessToken), `https://${walk.facts.organization}.${domain}`)
    const [head, body, signature] = machine.accessToken.split('.')
    await assert.rejects(jwtVerify([head, body, signature.slice(0, -8) + 'AAAAAAAA'].join('.')))
  })
  await walk.check('asked again, the token that runs is given', async () => {
    assert.equal((await walk.token('client_credentials', integration)).accessToken, machine.accessToken)
  })

  const { email: username, id: ownerId } = await walk.shopper()
  const person = { ...channel, username, password: PASSWORD }
  const owned = (answer) => {
    assert.deepEqual(keys(answer), OWNED)
    assert.deepEqual([answer.ownerId, answer.ownerType, answer.scope], [ownerId, 'customer', channel.scope])
    assert.equal(getTokenType(jwtDecode(answer.accessToken).payload), 'sales_channel:customer')
  }
  const ticket = await granted('password', person, owned)
  await refused('a wrong password', 'invalid_grant', 401, 'password', { ...person, password: 'wrong' })
  const { refreshToken } = ticket
  const renewed = await granted('refresh_token', { ...channel, refreshToken }, (answer) => {
    owned(answer)
    assert.notEqual(answer.refreshToken, refreshToken)
  })
  await refused('no refresh token', 'invalid_grant', 401, 'refresh_token', { ...channel, refreshToken: 'x'.repeat(64) })

  const assertion = await createAssertion({
    payload: { [CLAIMS]: { owner: { type: 'Customer', id: ownerId }, custom_claim: { cart: { seats: 2 } } } },
  })
  await granted(JWT_BEARER, { ...integration, assertion }, (answer) => {
    assert.deepEqual([answer.scope, answer.ownerId, answer.ownerType], ['market:all', ownerId, 'customer'])
    const { owner, custom_claim: claim } = jwtDecode(answer.accessToken).payload
    assert.deepEqual([owner, claim], [{ type: 'Customer', id: ownerId }, { cart: { seats: 2 } }])
  })
  await granted(JWT_BEARER, { ...keeper, assertion }, (answer) => assert.deepEqual(keys(answer), OWNED))
  const empty = await createAssertion({ payload: { [CLAIMS]: {} } })
  await refused('an empty assertion', 'invalid_assertion', 400, JWT_BEARER, { ...integration, assertion: empty })
  const code = { clientId: integration.clientId, clientSecret: 'x', code: 'x', redirectUri: 'https://shop.test/' }
  await refused('no web app', 'invalid_client', 401, 'authorization_code', code)
  await webApps(walk, granted, refused, keys)

  await walk.check('a customer signs out, and the token is worth nothing at once', async () => {
    assert.deepEqual(await status(renewed), [200, undefined])
    assert.deepEqual(await revoke({ clientId: channel.clientId, token: renewed.accessToken }), {})
    assert.deepEqual(await status(renewed), [401, 'INVALID_TOKEN'])
  })
  await walk.check('only its client revokes a token', async () => {
    const answer = await revoke({ clientId: channel.clientId, token: machine.accessToken })
    const [error] = answer.errors
    assert.deepEqual(
      [error.title, error.code, error.status, error.detail],
      ['unauthorized_client', 'FORBIDDEN', 403, 'You are not authorized to revoke this token'],
    )
    assert.deepEqual(await status(machine), [200, undefined])
    assert.deepEqual(await revoke({ ...integration, token: machine.accessToken }), {})
    assert.deepEqual(await status(machine), [401, 'INVALID_TOKEN'])
  })
  await walk.check('tokeninfo tells what a token is worth', async () => {
    const told = await fetch(`https://${walk.facts.organization}.${domain}/oauth/tokeninfo`, {
      headers: { authorization: `Bearer ${guest.accessToken}` },
    })
    const { token, application, owner, permissions } = await told.json()
    assert.deepEqual([application.kind, owner, token.market_ids.length], ['sales_channel', null, 1])
    assert.deepEqual(permissions.customers.actions, ['create'])
    const none = await fetch(`https://${walk.facts.organization}.${domain}/oauth/tokeninfo`)
    assert.deepEqual([none.status, (await none.json()).errors[0].code], [401, 'INVALID_TOKEN'])
  })
  await walk.open() // the integration's first token was revoked
}
