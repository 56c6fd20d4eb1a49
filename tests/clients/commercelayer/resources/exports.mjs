// Exports: the worker writes a file, and its link needs no token.
import assert from 'node:assert/strict'
import { DENIED, fresh, word } from '../walk.mjs'
import { done, job } from '../jobs.mjs'

export default async function exports(walk) {
  const { cl } = walk
  const domain = `${word('export')}.example.com`
  const emails = ['a', 'b', 'c'].map((name) => `${name}@${domain}`)
  for (const email of emails) await cl.customers.create({ email, reference: email[0].toUpperCase() })
  const given = {
    resource_type: 'customers', format: 'csv', fields: ['email', 'external_id'],
    filters: { email_end: domain, email_not_eq: emails[1] },
  }
  const over = await done(walk, 'exports', given)
  await walk.check('an export counts, and its file holds what was asked for', async () => {
    const { status, records_count, processed_count, progress } = over
    assert.deepEqual([status, records_count, processed_count, Number(progress)], ['completed', 2, 2, 100])
    const answer = await fetch(over.attachment_url)
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/csv; charset=utf-8'])
    const [head, ...rows] = (await answer.text()).trim().split(/\r?\n/)
    assert.equal(head, 'email,external_id')
    assert.deepEqual(rows.sort(), [`${emails[0]},A`, `${emails[2]},C`])
    assert.equal((await fetch(over.attachment_url.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status, 404)
  })
  await walk.check('an export of orders brings along what relationships lead to', async () => {
    const customer = await cl.customers.retrieve((await cl.customers.list({ filters: { email_eq: emails[0] } }))[0].id)
    const number = word('order')
    await cl.orders.create({ number, customer: cl.customers.relationship(customer) })
    const wanted = { resource_type: 'orders', filters: { number_eq: number } }
    const whole = await done(walk, 'exports', { ...wanted, includes: ['customer'] })
    const record = JSON.parse(await (await fetch(whole.attachment_url)).text())
    assert.deepEqual([record.number, record.customer.email, record.market_id === null], [number, emails[0], false])
    const table = await done(walk, 'exports', { ...wanted, format: 'csv', fields: ['number', 'customer.email'] })
    assert.equal(await (await fetch(table.attachment_url)).text(), `number,customer.email\n${number},${emails[0]}\n`)
  })
  const again = await cl.exports.create({ ...given, reference: fresh('again') })
  await walk.succeeds('exports', '_interrupt', [again.id], (stopped) => assert.equal(stopped.status, 'interrupted'))
  await walk.succeeds('exports', '_start', [again.id], (begun) => assert.equal(begun.status, 'pending'))
  await walk.fails('exports', '_start', [over.id], { status: 423, code: 'LOCKED' })

  await walk.fails('exports', 'create', [{}], { status: 422, rule: 'blank' })
  await walk.fails('exports', 'create', [{ ...given, filters: { colour_eq: 'red' } }], {
    status: 400, code: 'FILTER_NOT_ALLOWED',
  })
  await walk.fails('exports', 'create', [given], DENIED, walk.client(await walk.guestToken()))
  await job(walk, 'exports', over)
}
