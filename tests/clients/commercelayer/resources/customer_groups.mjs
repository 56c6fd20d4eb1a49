// Customer groups.
import assert from 'node:assert/strict'
import { DENIED, fresh, idsOf, word } from '../walk.mjs'

const TYPE = 'customer_groups'

export default async function customerGroups(walk) {
  const { cl } = walk
  const group = await walk.resource(TYPE, {
    make: () => ({ name: word('Friends'), metadata: { tier: 1 } }),
    change: { name: word('Best friends') },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const taken = { status: 422, pointer: '/data/attributes/code', rule: 'taken' }
  await walk.fails(TYPE, 'create', [{ name: 'Again', code: group.code }], taken)

  const email = fresh('member')
  const member = await cl.customers.create({ email, customer_group: cl.customer_groups.relationship(group.id) })
  await walk.check('members are found from their group', async () => {
    const members = await cl.customer_groups.customers(group.id, { filters: { email_eq: email }, sort: ['-created_at'] })
    assert.deepEqual(idsOf(members), [member.id])
    const whole = await cl.customer_groups.retrieve(group.id, { include: ['customers'] })
    assert.deepEqual(Array.from(whole.customers, (one) => one.email), [email])
  })

  const shared = word('tier')
  const made = []
  for (const n of [1, 2, 3]) {
    made.push(await cl[TYPE].create({ name: `${n} ${shared}`, code: `${shared}-${n}`, metadata: { level: { n } } }))
  }
  const ids = idsOf(made)
  const own = { name_cont: shared.toUpperCase() }
  await walk.finds(TYPE, ids, own, { code_start: shared }, { ...own, created_at_gt: '2020-01-01', reference_null: true })
  await walk.finds(TYPE, [ids[0]], { code_eq: `${shared}-1` }, { name_eq: `1 ${shared}` }, { ...own, metadata_jcont: { level: { n: 1 } } })
  await walk.finds(TYPE, ids.slice(1), { code_in: [`${shared}-2`, `${shared}-3`] }, { ...own, name_not_eq: `1 ${shared}` })
  await walk.check('groups are sorted, paged and thin', async () => {
    const page = (pageNumber) => cl[TYPE].list({ filters: own, sort: ['-name'], fields: ['code'], pageSize: 2, pageNumber })
    const [first, second] = [await page(1), await page(2)]
    assert.deepEqual(idsOf([...first, ...second]), ids.reverse())
    assert.deepEqual(Object.keys(first[0]).sort(), ['code', 'id', 'type'])
  })
  await walk.fails(TYPE, 'list', [{ filters: { customers_email_eq: email } }], { status: 400, code: 'FILTER_NOT_ALLOWED' })
  await walk.fails(TYPE, 'delete', [group.id], { status: 423, code: 'LOCKED' })
  await walk.fails(TYPE, 'list', [], DENIED, walk.client(await walk.guestToken()))
}
