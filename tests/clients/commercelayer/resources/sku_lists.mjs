// Lists of SKUs, and wish lists of customers among them.
import assert from 'node:assert/strict'
import { DENIED, MISSING, idsOf, word } from '../walk.mjs'

const TYPE = 'sku_lists'

export default async function skuLists(walk) {
  const { cl } = walk
  await walk.resource(TYPE, {
    make: () => ({ name: word('Wishes'), description: 'For May', metadata: { public: true } }),
    change: { image_url: 'https://shop.test/may.png' },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const regex = { status: 422, pointer: '/data/attributes/sku_code_regex' }
  await walk.fails(TYPE, 'create', [{ name: 'Shirts', manual: false }], { ...regex, rule: 'blank' })
  await walk.fails(TYPE, 'create', [{ name: 'Shirts', manual: false, sku_code_regex: '(' }], regex)

  const shopper = await walk.shopper()
  const customer = cl.customers.relationship(shopper.id)
  const code = word('SHIRT')
  const attributes = { name: word('Birthday'), reference: word('crm'), metadata: { year: 40 } }
  const made = await cl.sku_lists.create({ ...attributes, customer })
  await cl.sku_list_items.create({ sku_list: cl.sku_lists.relationship(made.id), sku_code: code, quantity: 2 })
  const shirts = await cl.sku_lists.create({ name: word('Shirts'), manual: false, sku_code_regex: '^SHIRT', customer })

  const own = { customer_id_eq: shopper.id }
  await walk.finds(TYPE, [made.id], { name_eq: made.name }, { slug_in: [made.slug] }, { reference_cont: made.reference.slice(2) })
  await walk.finds(TYPE, [made.id], { ...own, manual_true: true }, { ...own, metadata_jcont: { year: 40 } })
  await walk.finds(TYPE, [made.id], { ...own, sku_list_items_quantity_gt: 1 }, { sku_code_eq: code }, { sku_code_in: [code, 'x'] })
  await walk.finds(TYPE, [shirts.id], { ...own, reference_null: true }, { ...own, sku_list_items_id_null: true })
  await walk.finds(TYPE, [made.id, shirts.id], { customer_email_eq: shopper.email }, { ...own, created_at_gt: '2020-01-01' })
  await walk.check('a list comes with its items and its customer', async () => {
    const fields = { sku_lists: ['name', 'sku_list_items'], sku_list_items: ['sku_code'] }
    const shown = await cl.sku_lists.retrieve(made.id, { include: ['sku_list_items'], fields })
    assert.deepEqual(Array.from(shown.sku_list_items, (one) => one.sku_code), [code])
    const lists = await cl.customers.sku_lists(shopper.id, { include: ['customer'], sort: ['-name'], pageSize: 1 })
    assert.deepEqual([lists[0].id, lists[0].customer.id, lists.meta.recordCount], [shirts.id, shopper.id, 2])
  })

  const guest = walk.client(await walk.guestToken())
  const loose = await walk.succeeds(TYPE, 'create', [{ name: 'For later' }], () => {}, guest)
  await walk.succeeds(TYPE, 'update', [{ id: loose.id, name: 'Later' }], () => {}, guest)
  await walk.fails(TYPE, 'retrieve', [made.id], MISSING, guest)
  await walk.fails(TYPE, 'list', [], DENIED, guest)
  await walk.succeeds(TYPE, 'delete', [loose.id], () => {}, guest)
  const mine = await walk.succeeds(TYPE, 'create', [{ name: 'Mine' }], () => {}, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [mine.id], MISSING, guest)
  await walk.check('an account page lists the wish lists', async () => {
    const own = await shopper.cl.customers.retrieve(shopper.id, { include: ['sku_lists'] })
    assert.deepEqual(idsOf(own.sku_lists).sort(), [made.id, shirts.id, mine.id].sort())
  })
}
