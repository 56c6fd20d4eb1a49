// Markets: what scopes of tokens open.
import assert from 'node:assert/strict'
import { DENIED, idsOf, word } from '../walk.mjs'

export default async function markets(walk) {
  const { cl } = walk
  const market = await walk.resource('markets', {
    make: () => ({ name: 'Asia', code: word('asia'), checkout_url: 'https://shop.test/:order_id', metadata: { a: 1 } }),
    change: { name: 'Asia and Pacific' },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const { code } = market
  const scope = `market:code:${code}`
  await walk.fails('markets', 'create', [{ name: 'Again', code }], {
    status: 422,
    pointer: '/data/attributes/code',
    rule: 'taken',
  })

  const { clientId } = walk.facts.channel
  await walk.check('a disabled market opens for no shopper', async () => {
    await cl.markets._disable(market.id)
    await assert.rejects(walk.token('client_credentials', { clientId, scope }))
    assert.equal((await cl.markets._enable(market.id)).disabled_at, null)
  })
  const guest = walk.client(await walk.token('client_credentials', { clientId, scope }))
  await walk.check('a sales channel sees the markets of its token', async () => {
    assert.deepEqual(idsOf(await guest.markets.list()), [market.id])
  })
  await walk.fails('markets', 'update', [{ id: market.id, name: 'Mine' }], DENIED, guest)

  await walk.check('a market with a customer group is private', async () => {
    const group = await cl.customer_groups.create({ name: word('Insiders') })
    const link = cl.customer_groups.relationship(group.id)
    const changed = await cl.markets.update({ id: market.id, customer_group: link }, { include: ['customer_group'] })
    assert.deepEqual([changed.private, changed.customer_group.id], [true, group.id])
    assert.deepEqual(idsOf(await cl.customer_groups.markets(group.id)), [market.id])
    await assert.rejects(walk.token('client_credentials', { clientId, scope }))
    await cl.markets.update({ id: market.id, customer_group: cl.customer_groups.relationship(null) })
  })
  await walk.check('an order is sold in the market that it names', async () => {
    const order = await cl.orders.create({ market: cl.markets.relationship(market.id) }, { include: ['market'] })
    assert.equal(order.market.id, market.id)
  })
  await walk.fails('markets', 'delete', [market.id], { status: 423, code: 'LOCKED' })

  await walk.check('a customer asks what their token names', async () => {
    const shopper = await walk.shopper()
    const asked = { include: ['jwt_customer', 'jwt_markets'], fields: { customers: ['email', 'jwt_customer', 'jwt_markets'] } }
    const own = await shopper.cl.customers.retrieve(shopper.id, asked)
    assert.deepEqual([own.jwt_customer.id, own.jwt_markets.length], [shopper.id, 1])
    assert.equal((await shopper.cl.customers.jwt_customer(shopper.id)).email, shopper.email)
    assert.equal((await shopper.cl.customers.jwt_markets(shopper.id)).length, 1)
  })
}
