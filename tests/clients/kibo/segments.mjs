// Segments, and who is in them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { NOBODY } from './walk.mjs'

export default async function segments(walk) {
  const api = walk.api('CustomerSegment')
  const accounts = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const invalid = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }
  const taken = { status: 409, code: 'ITEM_ALREADY_EXISTS' }
  const code = `tea-${randomBytes(6).toString('hex')}`
  const customerCustomerSegment = { code, name: 'Tea drinkers', description: 'Bought tea.' }

  const made = await walk.repeats(api, 'addSegment', { customerCustomerSegment }, (segment) => {
    assert.deepEqual([segment.code, segment.name, segment.description], [code, 'Tea drinkers', 'Bought tea.'])
    assert.match(segment.auditInfo.createDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })
  const id = made.id
  await walk.fails(api, 'addSegment', { customerCustomerSegment }, taken)
  await walk.fails(api, 'addSegment', { customerCustomerSegment: {} }, { ...invalid, parameter: 'name' })

  await walk.succeeds(api, 'getSegment', { id }, (segment) => assert.deepEqual(segment, made))
  await walk.fails(api, 'getSegment', { id: NOBODY }, missing)
  await walk.succeeds(api, 'getSegments', { filter: `code eq ${code}` }, (page) => {
    assert.deepEqual([page.totalCount, page.items], [1, [made]])
  })
  await walk.fails(api, 'getSegments', { filter: 'colour eq red' }, { ...invalid, parameter: 'filter' })

  await walk.repeats(api, 'addSegmentAccounts', { id, requestBody: [accountId, accountId] })
  await walk.fails(api, 'addSegmentAccounts', { id, requestBody: [NOBODY] }, missing)
  await walk.check('a segment is found from its accounts and the accounts from it', async () => {
    const { items } = await accounts.getAccountSegments({ accountId })
    const { rule, ...shown } = made // beyond the contract, and only of the segment itself
    assert.equal(rule, null)
    assert.deepEqual(items, [shown])
    const found = await accounts.getAccounts({ filter: `segments.id eq ${id}` })
    assert.deepEqual(found.items.map((one) => one.id), [accountId])
  })
  await walk.succeeds(api, 'removeSegmentAccount', { id, accountId }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'removeSegmentAccount', { id, accountId }, missing)

  const changed = { code, name: 'Friends of tea' }
  await walk.stale(api, 'updateSegment', { id, customerCustomerSegment: changed })
  await walk.succeeds(api, 'updateSegment', { id, customerCustomerSegment: changed }, (segment) => {
    assert.deepEqual([segment.id, segment.name, segment.description], [id, 'Friends of tea', null])
  })
  await walk.fails(api, 'updateSegment', { id: NOBODY, customerCustomerSegment: changed }, missing)

  await walk.stale(api, 'deleteSegment', { id })
  await walk.succeeds(api, 'deleteSegment', { id }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteSegment', { id }, missing)
}
