// The ways to lead the SDK of a shop that moves to another host, as docs/jsonapi.md tells them.
import assert from 'node:assert/strict'
import Shaken, { customers } from '@commercelayer/sdk'
import { CommerceLayer } from '@commercelayer/sdk/bundle'
import { idsOf } from './walk.mjs'

export default async function moving(walk) {
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
