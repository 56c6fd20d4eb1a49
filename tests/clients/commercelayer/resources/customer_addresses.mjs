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
  const nobody = { customer_email: fresh('nobody'), address: await place() }
  await walk.fails('customer_addresses', 'create', [nobody], { status: 422, pointer: '/data/attributes/customer_email' })

  const shopper = await walk.shopper()
  const own = { customer: cl.customers.relationship(shopper.id), address: await place(shopper.cl) }
  const mine = await walk.succeeds('customer_addresses', 'create', [own], () => {}, shopper.cl)
  await walk.succeeds('customer_addresses', 'list', [], (all) => assert.deepEqual(idsOf(all), [mine.id]), shopper.cl)
  await walk.fails('customer_addresses', 'retrieve', [made.id], MISSING, shopper.cl)
  await walk.fails('customer_addresses', 'create', [await make()], { status: 422 }, shopper.cl)
  await walk.fails('customer_addresses', 'list', [], DENIED, walk.client(await walk.guestToken()))
  await walk.succeeds('customer_addresses', 'delete', [mine.id], () => {}, shopper.cl)
}
