// What customers subscribe to.
import assert from 'node:assert/strict'
import { DENIED, fresh, idsOf, word } from '../walk.mjs'

export default async function customerSubscriptions(walk) {
  const { cl } = walk
  const email = fresh('reader')
  const made = await walk.resource('customer_subscriptions', {
    make: () => ({ customer_email: email, reference: word('newsletter') }),
    change: { reference: 'sale' },
    blank: { status: 422, rule: 'blank' },
  })
  const again = { customer_email: email, reference: 'sale' }
  const taken = { status: 422, pointer: '/data/attributes/reference', rule: 'taken' }
  await walk.fails('customer_subscriptions', 'create', [again], taken)
  await walk.check('a subscription makes its customer', async () => {
    const [customer] = await cl.customers.list({ filters: { email_eq: email } })
    assert.deepEqual(idsOf(await cl.customers.customer_subscriptions(customer.id)), [made.id])
  })
  const [{ customer: owner }] = await cl.customer_subscriptions.list({ filters: { customer_email_eq: email }, include: ['customer'] })
  const other = await cl.customer_subscriptions.create({ customer_email: email, reference: 'news', metadata: { by: { day: 2 } } })
  const type = 'customer_subscriptions'
  const own = { customer_id_eq: owner.id }
  await walk.finds(type, [made.id, other.id], own, { ...own, reference_in: ['sale', 'news'] }, { ...own, created_at_gt: '2020-01-01' })
  await walk.finds(type, [other.id], { ...own, reference_cont: 'EW' }, { ...own, metadata_jcont: { by: { day: 2 } } })
  await walk.finds(type, [made.id], { ...own, reference_eq: 'sale', reference_origin_null: true })
  await walk.check('subscriptions are sorted, paged and thin', async () => {
    const query = { filters: own, sort: ['reference'], pageSize: 1, fields: { customer_subscriptions: ['reference'] } }
    const [first, second] = [await cl[type].list(query), await cl[type].list({ ...query, pageNumber: 2 })]
    assert.deepEqual([first[0].reference, second[0].reference, first.meta.pageCount], ['news', 'sale', 2])
    assert.deepEqual(Object.keys(first[0]).sort(), ['id', 'reference', 'type'])
    const shown = await cl[type].retrieve(other.id, { include: ['customer.customer_subscriptions'] })
    assert.deepEqual(idsOf(shown.customer.customer_subscriptions).sort(), [made.id, other.id].sort())
  })
  const shopper = await walk.shopper()
  const mine = await walk.succeeds(type, 'create', [{ customer_email: shopper.email, reference: 'news' }], () => {}, shopper.cl)
  await walk.succeeds(type, 'list', [], (all) => assert.deepEqual(idsOf(all), [mine.id]), shopper.cl)
  const guest = walk.client(await walk.guestToken())
  const wish = { customer_email: fresh('guest'), reference: 'newsletter' }
  const wished = await walk.succeeds('customer_subscriptions', 'create', [wish], () => {}, guest)
  await walk.fails('customer_subscriptions', 'list', [], DENIED, guest)
  await walk.succeeds('customer_subscriptions', 'retrieve', [wished.id], () => {}, guest)
  await walk.succeeds('customer_subscriptions', 'update', [{ id: wished.id, reference: 'sale' }], () => {}, guest)
  await walk.succeeds('customer_subscriptions', 'delete', [wished.id], () => {}, guest)
}
