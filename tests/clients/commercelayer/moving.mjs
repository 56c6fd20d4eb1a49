// A shop that moves, as docs/jsonapi.md tells it: how its SDK is led to another host, and how passwords come along.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import Shaken, { customers } from '@commercelayer/sdk'
import { CommerceLayer } from '@commercelayer/sdk/bundle'
import { PASSWORD, idsOf } from './walk.mjs'

export default async function moving(walk) {
  await hosts(walk)
  await passwords(walk)
}

async function hosts(walk) {
  const { base, organization } = walk.facts
  const { accessToken } = await walk.integrationToken()
  const elsewhere = { organization, domain: 'shop.invalid', accessToken } // a name that leads nowhere
  const here = (input, init) => {
    const { pathname, search } = new URL(input)
    return fetch(new URL(pathname + search, base), init)
  }
  const [known] = await walk.cl.customers.list({ pageSize: 1, sort: ['-created_at'] })
  const found = (page) => assert.deepEqual(idsOf(page), [known.id])
  const filters = { email_eq: known.email }

  await walk.check('a client of its own with its own fetch', async () => {
    found(await CommerceLayer({ ...elsewhere, fetch: here }).customers.list({ filters }))
  })
  await walk.check('the client that resources share, with an interceptor', async () => {
    const core = Shaken(elsewhere)
    core.addRequestInterceptor((request) => {
      const { protocol, host } = new URL(base)
      Object.assign(request.url, { protocol, host })
      return request
    })
    found(await customers.list({ filters }))
  })
  await walk.check('two clients side by side: accounts here, the rest where it was', async () => {
    const asked = []
    const catalogue = async (input) => {
      asked.push(new URL(input).pathname)
      return Response.json({ data: [], meta: { record_count: 0, page_count: 1 } })
    }
    const accounts = CommerceLayer({ ...elsewhere, fetch: here })
    const goods = CommerceLayer({ ...elsewhere, fetch: catalogue })
    found(await accounts.customers.list({ filters }))
    assert.equal((await goods.skus.list()).length, 0)
    found(await accounts.customers.list({ filters }))
    assert.deepEqual(asked, ['/api/skus'])
  })
}

// The old shop says whether a password is right, once for each customer: from then on we know it ourselves.
async function passwords(walk) {
  const { emails: [username, late], port, key } = walk.facts.moved
  const asked = []
  const server = createServer(async (request, response) => {
    const body = await text(request.setEncoding('utf8'))
    const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers
    const secret = Buffer.from(key.replace('whsec_', ''), 'base64')
    const mine = createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')
    const { emailAddress, password } = JSON.parse(body)
    asked.push(emailAddress)
    const valid = signature === `v1,${mine}` && password === 'as-it-was-there'
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ valid }))
  }).listen(port, '127.0.0.1')
  const signIn = (password) => walk.token('password', { ...walk.facts.channel, username, password })
  await walk.check('who signed in at the old shop signs in here, with the same password', async () => {
    await assert.rejects(signIn('guessed'), (refusal) => refusal.errors[0].title === 'invalid_grant')
    const { ownerId } = await signIn('as-it-was-there')
    assert.equal((await signIn('as-it-was-there')).ownerId, ownerId)
    assert.deepEqual(asked, [username, username])
  })
  await walk.check('who has not come by yet resets the password as everybody does', async () => {
    const reset = await walk.cl.customer_password_resets.create({ customer_email: late })
    const { id, reset_password_token: _reset_password_token } = reset
    const guest = walk.client(await walk.guestToken())
    await guest.customer_password_resets.update({ id, customer_password: PASSWORD, _reset_password_token })
    assert.ok((await walk.token('password', { ...walk.facts.channel, username: late, password: PASSWORD })).ownerId)
    assert.equal(asked.length, 2)
  })
  server.close()
}
