// Address books, for shops and for shoppers themselves.
import assert from 'node:assert/strict'
import { DENIED, MISSING, fresh, idsOf } from '../walk.mjs'
import { home } from './addresses.mjs'

export default async function customerAddresses(walk) {
  const { cl } = walk
  const customer = await cl.customers.create({ email: fresh('resident') })
  const place = async (client = cl) => client.addresses.relationship((await client.addresses.create(home())).id)
  const make = async () => ({ customer: cl.customers.relationship(customer.id), address: await place() })
  const made = await walk.resource('customer_addresses', {
    make,
    change: { reference: 'home' },
    blank: { status: 422, pointer: '/data/relationships/customer', rule: 'blank' },
  })
  await walk.check('an address book comes with its addresses', async () => {
    const book = await cl.customers.customer_addresses(customer.id, { include: ['address'], sort: ['-created_at'] })
    assert.deepEqual(idsOf(book), [made.id])
    assert.equal(book[0].address.city, 'New York')
    assert.equal(book[0].name, book[0].address.name)
    const found = await cl.customer_addresses.list({ filters: { address_city_eq: 'New York', customer_id_eq: customer.id } })
    assert.deepEqual(idsOf(found), [made.id])
  })
  const other = await cl.customer_addresses.create({ ...(await make()), reference: 'office', metadata: { door: { n: 4 } } })
  const own = { customer_id_eq: customer.id }
  const type = 'customer_addresses'
  await walk.finds(type, [made.id, other.id], { customer_email_eq: customer.email }, { ...own, reference_in: ['home', 'office'] })
  await walk.finds(type, [made.id], { ...own, reference_eq: 'home' }, { ...own, reference_cont: 'HOM' })
  await walk.finds(type, [other.id], { ...own, metadata_jcont: { door: { n: 4 } } }, { ...own, reference_gt: 'i' })
  await walk.finds(type, [made.id, other.id], { ...own, address_country_code_eq: 'US' }, { ...own, reference_origin_null: true })
  await walk.check('an entry gets another address, and comes with both its ends', async () => {
    const address = cl.addresses.relationship((await cl.addresses.create({ ...home(), city: 'Albany' })).id)
    const moved = await cl[type].update({ id: other.id, address }, { include: ['address', 'customer.customer_addresses'] })
    assert.deepEqual([moved.address.city, moved.customer.customer_addresses.length], ['Albany', 2])
    const sorted = await cl[type].list({ filters: own, sort: { reference: 'desc' }, pageSize: 1, fields: ['reference'] })
    assert.deepEqual([sorted[0].reference, sorted.meta.recordCount], ['office', 2])
  })
  const nobody = { customer_email: fresh('nobody'), address: await place() }
  await walk.fails('customer_addresses', 'create', [nobody], { status: 422, pointer: '/data/attributes/customer_email' })

  const shopper = await walk.shopper()
  const entry = { customer: cl.customers.relationship(shopper.id), address: await place(shopper.cl) }
  const mine = await walk.succeeds('customer_addresses', 'create', [entry], () => {}, shopper.cl)
  await walk.succeeds('customer_addresses', 'list', [], (all) => assert.deepEqual(idsOf(all), [mine.id]), shopper.cl)
  await walk.fails('customer_addresses', 'retrieve', [made.id], MISSING, shopper.cl)
  await walk.fails('customer_addresses', 'create', [await make()], { status: 422 }, shopper.cl)
  await walk.fails('customer_addresses', 'list', [], DENIED, walk.client(await walk.guestToken()))
  await walk.succeeds('customer_addresses', 'update', [{ id: mine.id, reference: 'home' }], () => {}, shopper.cl)
  await walk.succeeds('customer_addresses', 'retrieve', [mine.id, { include: ['address'] }], () => {}, shopper.cl)
  await walk.succeeds('customer_addresses', 'delete', [mine.id], () => {}, shopper.cl)
}
