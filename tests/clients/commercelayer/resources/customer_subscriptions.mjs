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
  const guest = walk.client(await walk.guestToken())
  const wish = { customer_email: fresh('guest'), reference: 'newsletter' }
  const own = await walk.succeeds('customer_subscriptions', 'create', [wish], () => {}, guest)
  await walk.fails('customer_subscriptions', 'list', [], DENIED, guest)
  await walk.succeeds('customer_subscriptions', 'delete', [own.id], () => {}, guest)
}
