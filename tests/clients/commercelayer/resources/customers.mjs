// Customers: made, found, filtered, grouped, removed; what their own tokens may do.
import assert from 'node:assert/strict'
import { DENIED, MISSING, PASSWORD, fresh, idsOf, word } from '../walk.mjs'
import { home } from './addresses.mjs'
import { placed } from './orders.mjs'

const UNSEEN = { status: 422, pointer: '/data/relationships/customer_group' }

export default async function customers(walk) {
  const { cl } = walk
  await walk.resource('customers', {
    make: () => ({ email: fresh('Walker'), reference: word('crm'), metadata: { vip: true } }),
    change: { reference: word('other') },
    blank: { status: 422, pointer: '/data/attributes/email', rule: 'blank' },
  })

  const email = fresh('taken')
  const group = await cl.customer_groups.create({ name: word('Friends') })
  const linked = { email, customer_group: cl.customer_groups.relationship(group.id), metadata: { shoes: { size: 42 } } }
  const made = await cl.customers.create(linked, { include: ['customer_group'] })
  assert.equal(made.customer_group.name, group.name)
  const taken = { status: 422, pointer: '/data/attributes/email', rule: 'taken' }
  await walk.fails('customers', 'create', [{ email: email.toUpperCase() }], taken)

  const found = async (filters) => idsOf(await cl.customers.list({ filters }))
  await walk.check('filters find a customer, alone and across its group', async () => {
    const own = { email_eq: email }
    assert.deepEqual(await found(own), [made.id])
    assert.deepEqual(await found({ email_start: email.slice(0, 12), status_in: ['prospect', 'repeat'] }), [made.id])
    assert.deepEqual(await found({ customer_group_name_eq: group.name }), [made.id])
    assert.deepEqual(await found({ ...own, metadata_jcont: { shoes: { size: 42 } } }), [made.id])
    assert.deepEqual(await found({ ...own, metadata_jcont: { shoes: { size: 43 } } }), [])
    assert.deepEqual(await found({ ...own, created_at_gt: '2018-01-01', reference_null: true }), [made.id])
    assert.deepEqual(await found({ email_or_reference_end: email.slice(-30) }), [made.id])
    assert.equal(await cl.customers.count({ filters: own }), 1)
    assert.equal(await cl.customers.count({ filters: { ...own, has_password_eq: 'x' } }).catch((error) => error.status), 400)
  })
  await walk.check('a customer comes with groups, addresses and what was ordered', async () => {
    const { id: order } = await placed(walk, { customer: cl.customers.relationship(made.id) })
    const address = cl.addresses.relationship((await cl.addresses.create(home())).id)
    await cl.customer_addresses.create({ customer: cl.customers.relationship(made.id), address })
    const include = ['customer_group', 'customer_addresses.address', 'orders.shipping_address']
    const whole = await cl.customers.retrieve(made.id, { include })
    assert.equal(whole.customer_addresses[0].address.city, 'New York')
    assert.deepEqual([idsOf(whole.orders), whole.status], [[order], 'acquired'])
    assert.deepEqual(await found({ customer_addresses_address_city_eq: 'New York', email_eq: email }), [made.id])
    assert.deepEqual(await found({ total_orders_count_gt: 0, email_cont: email.slice(3, 20).toUpperCase() }), [made.id])
    assert.deepEqual(await found({ customer_group_id_null: true, email_eq: email }), [])
  })
  await walk.check('registered customers and guests are told apart', async () => {
    assert.deepEqual(await found({ password_present: false, email_eq: email }), [made.id])
    assert.deepEqual(await found({ password_present: true, email_eq: email }), [])
  })
  const { name } = await cl.tags.create({ name: word('vip').slice(0, 20) })
  await walk.steps('customers', made.id, [['_add_tags', {}, `${name},nobody-made-this-one`]])
  await walk.finds('customers', [made.id], { tags_name_eq: name }, { tags_name_in: [name, 'x'] })
  await walk.steps('customers', made.id, [
    ['_remove_tags', {}, name],
    ['_request_anonymization', { anonymization_status: 'requested' }],
    ['_cancel_anonymization', { anonymization_status: 'cancelled' }],
  ])
  await walk.finds('customers', [made.id], { anonymization_status_eq: 'cancelled', email_eq: email })
  await walk.fails('customers', 'delete', [made.id], { status: 423, code: 'LOCKED' }) // there is an order
  await walk.check('pages follow each other in the asked order', async () => {
    const shared = word('page')
    for (const n of [1, 2, 3]) await cl.customers.create({ email: `${n}-${shared}@example.com` })
    const filters = { email_end: `${shared}@example.com` }
    const page = (pageNumber) => cl.customers.list({ filters, sort: ['-email'], pageSize: 2, pageNumber })
    const [first, second] = [await page(1), await page(2)]
    assert.deepEqual([...first, ...second].map((one) => one.email[0]), ['3', '2', '1'])
    assert.deepEqual([first.meta.pageCount, first.meta.recordCount, first.hasNextPage()], [2, 3, true])
  })
  await walk.check('fields leave out what was not asked for', async () => {
    const thin = await cl.customers.retrieve(made.id, { fields: ['email'] })
    assert.deepEqual(Object.keys(thin).sort(), ['email', 'id', 'type'])
  })
  await walk.check('a group is left with null', async () => {
    const alone = await cl.customers.update({ id: made.id, customer_group: cl.customer_groups.relationship(null) })
    assert.equal(alone.id, made.id)
    assert.equal(await cl.customers.customer_group(made.id), null)
  })

  const guest = walk.client(await walk.guestToken())
  await walk.check('a guest signs up and signs in', async () => {
    const username = fresh('guest')
    const customer = await guest.customers.create({ email: username, password: PASSWORD })
    const ticket = await walk.token('password', { ...walk.facts.channel, username, password: PASSWORD })
    assert.equal(ticket.ownerId, customer.id)
    const self = await walk.client(ticket).customers.retrieve(customer.id)
    assert.deepEqual([self.email, self.has_password], [username, true])
  })
  await walk.fails('customers', 'list', [], DENIED, guest)
  await walk.fails('customers', 'retrieve', [made.id], DENIED, guest)
  const shopper = await walk.shopper()
  await walk.succeeds('customers', 'update', [{ id: shopper.id, metadata: { size: 'M' } }], undefined, shopper.cl)
  await walk.fails('customers', 'update', [{ id: made.id, metadata: {} }], MISSING, shopper.cl)
  await walk.fails('customers', 'update', [{ id: shopper.id, password: 'Another-7-word' }], DENIED, shopper.cl)
  for (const wish of [{ _request_anonymization: true }, { _add_tags: name }, { customer_group: cl.customer_groups.relationship(group.id) }]) {
    await walk.fails('customers', 'update', [{ id: shopper.id, ...wish }], wish.customer_group ? UNSEEN : DENIED, shopper.cl)
  }
  await walk.succeeds('customers', 'delete', [shopper.id], () => {}, shopper.cl)
  const gone = { status: 401, code: 'INVALID_TOKEN' }
  await walk.fails('customers', 'retrieve', [shopper.id], gone, shopper.cl)
}
