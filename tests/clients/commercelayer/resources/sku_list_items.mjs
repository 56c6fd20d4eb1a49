// Items of lists: codes, and how many of each.
import assert from 'node:assert/strict'
import { DENIED, MISSING, idsOf, word } from '../walk.mjs'

const TYPE = 'sku_list_items'

export default async function skuListItems(walk) {
  const { cl } = walk
  const list = await cl.sku_lists.create({ name: word('Wishes') })
  const sku_list = cl.sku_lists.relationship(list.id)
  const make = (more) => ({ sku_list, sku_code: word('SHOES'), ...more })
  const first = await walk.resource(TYPE, {
    make,
    change: { quantity: 3 },
    blank: { status: 422, pointer: '/data/relationships/sku_list', rule: 'blank' },
  })
  assert.deepEqual([first.position, first.quantity], [1, 1])
  const taken = { status: 422, pointer: '/data/attributes/sku_code', rule: 'taken' }
  await walk.fails(TYPE, 'create', [make({ sku_code: first.sku_code })], taken)
  await walk.fails(TYPE, 'create', [{ sku_list }], { status: 422, pointer: '/data/attributes/sku_code', rule: 'blank' })
  await walk.fails(TYPE, 'update', [{ id: first.id, quantity: 0 }], { status: 422, pointer: '/data/attributes/quantity' })
  const rule = cl.sku_lists.relationship((await cl.sku_lists.create({ name: 'All', manual: false, sku_code_regex: '.' })).id)
  await walk.fails(TYPE, 'create', [make({ sku_list: rule })], { status: 422, pointer: '/data/relationships/sku_list' })

  const reference = word('line')
  const next = await cl[TYPE].create(make({ quantity: 5, reference, metadata: { size: 42 } }))
  const own = { sku_list_id_eq: list.id }
  await walk.finds(TYPE, [next.id], { reference_eq: reference }, { reference_cont: reference.slice(2) }, { ...own, quantity_gt: 3 })
  await walk.finds(TYPE, [next.id], { ...own, metadata_jcont: { size: 42 } }, { ...own, reference_not_null: true })
  await walk.finds(TYPE, [first.id, next.id], { ...own, quantity_in: [3, 5] }, { sku_list_name_eq: list.name })
  await walk.check('items come in the order of their list', async () => {
    const items = await cl.sku_lists.sku_list_items(list.id, { sort: ['-position'], pageSize: 1, fields: ['position'] })
    assert.deepEqual([items[0].id, items.meta.recordCount], [next.id, 2])
    assert.deepEqual(Object.keys(items[0]).sort(), ['id', 'position', 'type'])
    const shown = await cl[TYPE].retrieve(next.id, { include: ['sku_list.sku_list_items'] })
    assert.deepEqual(idsOf(shown.sku_list.sku_list_items).sort(), [first.id, next.id].sort())
  })

  const guest = walk.client(await walk.guestToken())
  const own_item = await walk.succeeds(TYPE, 'create', [make()], () => {}, guest)
  await walk.succeeds(TYPE, 'update', [{ id: own_item.id, quantity: 2 }], () => {}, guest)
  await walk.fails(TYPE, 'list', [], DENIED, guest)
  await walk.succeeds(TYPE, 'delete', [own_item.id], () => {}, guest)
  const shopper = await walk.shopper()
  const wishes = await shopper.cl.sku_lists.create({ name: 'Wishes' })
  const theirs = make({ sku_list: cl.sku_lists.relationship(wishes.id) })
  const wish = await walk.succeeds(TYPE, 'create', [theirs], () => {}, shopper.cl)
  await walk.fails(TYPE, 'retrieve', [wish.id], MISSING, guest)
  await walk.fails(TYPE, 'create', [theirs], { status: 422, pointer: '/data/relationships/sku_list' }, guest)
}
