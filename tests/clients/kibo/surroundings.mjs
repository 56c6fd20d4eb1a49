// What is only read: the audit log and the segments of an account, and the customer sets.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

const MISSING = { status: 404, code: 'ITEM_NOT_FOUND' }
const INVALID = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }

export default async function surroundings(walk) {
  const api = walk.api('CustomerAccount')
  const account = await walk.guest({ firstName: 'Jo' })
  const accountId = account.id
  await api.updateAccount({ accountId, customerAccount: { ...account, firstName: 'Joe' } })

  await walk.succeeds(api, 'getAccountAuditLog', { accountId, pageSize: 1 }, (page) => {
    assert.ok(page.totalCount > 1)
    const [newest] = page.items
    assert.equal(newest.customerAccountId, accountId)
    assert.deepEqual([newest.oldValue, newest.newValue], ['Jo', 'Joe'])
    assert.match(newest.fieldPath, /^\/Customer\/FirstName$/i)
  })
  await walk.fails(api, 'getAccountAuditLog', { accountId: NOBODY }, MISSING)

  await walk.succeeds(api, 'getAccountSegments', { accountId, filter: "code eq 'vip'" }, (page) => {
    assert.deepEqual([page.totalCount, page.items], [0, []])
  })
  await walk.fails(api, 'getAccountSegments', { accountId: NOBODY }, MISSING)

  const sets = walk.api('CustomerSet')
  const same = (set) => {
    assert.deepEqual([set.code, set.isDefault, set.sites[0].siteId], ['default', true, walk.shop.siteId])
    assert.ok(set.aggregateInfo.customerCount > 0)
  }
  await walk.succeeds(sets, 'getCustomerSets', { sortBy: 'code asc' }, (page) => same(page.items[0]))
  await walk.fails(sets, 'getCustomerSets', { startIndex: -1 }, { ...INVALID, parameter: 'startIndex' })
  await walk.succeeds(sets, 'getCustomerSet', { code: 'default' }, same)
  await walk.fails(sets, 'getCustomerSet', { code: 'unknown' }, MISSING)
}
