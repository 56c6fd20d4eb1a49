// Links to files and remarks, on what they hang.
import assert from 'node:assert/strict'
import { DENIED, NOBODY, fresh, idsOf, word } from '../walk.mjs'

export default async function attachments(walk) {
  const { cl } = walk
  const customer = await cl.customers.create({ email: fresh('contract') })
  const attachable = cl.customers.relationship(customer.id)
  const made = await walk.resource('attachments', {
    make: () => ({ name: word('Contract'), url: 'https://files.example.com/1.pdf', attachable }),
    change: { description: 'Signed' },
    blank: { status: 422, rule: 'blank' },
  })
  const owners = { customers: customer }
  owners.customer_groups = await cl.customer_groups.create({ name: word('Attached') })
  owners.orders = await cl.orders.create({ currency_code: 'USD', customer_email: fresh('attached') })
  owners.sku_lists = await cl.sku_lists.create({ name: word('Attached') })
  for (const [type, { id }] of Object.entries(owners)) {
    await walk.check(`attachments hang on ${type}`, async () => {
      const one = await cl.attachments.create({ name: word('File'), attachable: cl[type].relationship(id) })
      assert.ok(idsOf(await cl[type].attachments(id, { filters: { name_eq: one.name } })).includes(one.id))
      const shown = await cl.attachments.retrieve(one.id, { include: ['attachable'] })
      assert.deepEqual([shown.attachable.type, shown.attachable.id], [type, id])
      await cl.attachments.update({ id: one.id, attachable })
      assert.equal((await cl.attachments.retrieve(one.id, { include: ['attachable'] })).attachable.id, customer.id)
    })
  }
  await walk.check('attachments are found by their words', async () => {
    const found = await cl.attachments.list({ filters: { name_eq: made.name, description_cont: 'sign' } })
    assert.deepEqual(idsOf(found), [made.id])
  })
  const nowhere = { name: 'Lost', attachable: cl.customers.relationship(NOBODY) }
  await walk.fails('attachments', 'create', [nowhere], { status: 422, pointer: '/data/relationships/attachable' })
  await walk.fails('attachments', 'list', [], DENIED, walk.client(await walk.guestToken()))
}
