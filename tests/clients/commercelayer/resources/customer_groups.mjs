// Customer groups.
import assert from 'node:assert/strict'
import { DENIED, fresh, idsOf, word } from '../walk.mjs'

export default async function customerGroups(walk) {
  const { cl } = walk
  const group = await walk.resource('customer_groups', {
    make: () => ({ name: word('Friends'), metadata: { tier: 1 } }),
    change: { name: word('Best friends') },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const taken = { status: 422, pointer: '/data/attributes/code', rule: 'taken' }
  await walk.fails('customer_groups', 'create', [{ name: 'Again', code: group.code }], taken)

  const email = fresh('member')
  const member = await cl.customers.create({ email, customer_group: cl.customer_groups.relationship(group.id) })
  await walk.check('members are found from their group', async () => {
    const members = await cl.customer_groups.customers(group.id, { filters: { email_eq: email }, sort: ['-created_at'] })
    assert.deepEqual(idsOf(members), [member.id])
    const whole = await cl.customer_groups.retrieve(group.id, { include: ['customers'] })
    assert.deepEqual(Array.from(whole.customers, (one) => one.email), [email])
  })
  await walk.fails('customer_groups', 'delete', [group.id], { status: 423, code: 'LOCKED' })
  await walk.fails('customer_groups', 'list', [], DENIED, walk.client(await walk.guestToken()))
}
