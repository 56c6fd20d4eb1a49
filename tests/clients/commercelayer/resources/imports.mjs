// Imports: customers come in by the worker, and what was wrong stands in a log.
import assert from 'node:assert/strict'
import { DENIED, fresh, idsOf, word } from '../walk.mjs'
import { done, job } from '../jobs.mjs'

export default async function imports(walk) {
  const { cl } = walk
  const emails = [fresh('first'), fresh('second')]
  const inputs = [...emails.map((email) => ({ email, metadata: { from: 'elsewhere' } })), { email: 'nobody' }]
  const given = { resource_type: 'customers', inputs, skip_errors: true }
  const over = await done(walk, 'imports', given)
  await walk.check('an import counts what it took and tells what was wrong', async () => {
    const { status, inputs_size, processed_count, errors_count, warnings_count } = over
    assert.deepEqual([status, inputs_size, processed_count, errors_count, warnings_count], ['completed', 3, 2, 1, 0])
    assert.deepEqual(Object.keys(over.errors_log.nobody), ['email'])
    const found = await cl.customers.list({ filters: { email_in: emails }, sort: ['created_at'] })
    assert.deepEqual(Array.from(found, (one) => one.metadata), [{ from: 'elsewhere' }, { from: 'elsewhere' }])
  })
  await walk.check('an import with too many errors is interrupted', async () => {
    const bad = await done(walk, 'imports', { resource_type: 'customers', inputs: [{ email: 'nobody' }] })
    assert.deepEqual([bad.status, bad.errors_count], ['interrupted', 1])
    assert.deepEqual(idsOf(await cl.imports.list({ filters: { status_eq: 'interrupted', id_eq: bad.id } })), [bad.id])
  })
  await walk.check('orders come in with status and tags, and again by their number', async () => {
    const [number, tag] = [word('old'), word('t').slice(0, 20)]
    const row = { number, customer_email: emails[0], total_amount_cents: 4_990, status: 'approved', _archive: true, tags: tag }
    const first = await done(walk, 'imports', { resource_type: 'orders', inputs: [row] })
    const second = await done(walk, 'imports', { resource_type: 'orders', inputs: [{ ...row, reference: 'again' }] })
    assert.deepEqual([first.processed_count, second.processed_count, second.errors_log], [1, 1, {}])
    const [order, ...more] = await cl.orders.list({ filters: { number_eq: number }, include: ['tags', 'customer'] })
    assert.deepEqual([more.length, order.status, order.reference], [0, 'approved', 'again'])
    assert.deepEqual([order.tags[0].name, order.customer.total_orders_count], [tag, 1])
    const lost = await done(walk, 'imports', { resource_type: 'orders', inputs: [{ number: 'n', customer_id: 'nobody' }] })
    assert.deepEqual([lost.status, lost.errors_log], ['interrupted', { n: { customer: ['must exist'] } }])
  })
  const many = Array.from({ length: 2_000 }, () => ({ email: fresh('many') }))
  const long = await cl.imports.create({ resource_type: 'customers', inputs: many })
  await walk.succeeds('imports', '_interrupt', [long.id], (stopped) => assert.ok(stopped.interrupted_at))

  const blank = { status: 422, rule: 'blank' }
  await walk.fails('imports', 'create', [{}], blank)
  await walk.fails('imports', 'create', [{ ...given, resource_type: 'skus' }], {
    status: 422, pointer: '/data/attributes/resource_type', rule: 'inclusion',
  })
  await walk.fails('imports', 'create', [given], DENIED, walk.client(await walk.guestToken()))
  await job(walk, 'imports', over)
}
