// Notes of the staff.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

export default async function notes(walk) {
  const api = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const invalid = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }
  const customerNote = { content: 'Called about a late parcel.' }

  const made = await walk.repeats(api, 'addAccountNote', { accountId, customerNote }, (note) => {
    assert.equal(note.content, customerNote.content)
    assert.match(note.auditInfo.createDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })
  await walk.fails(api, 'addAccountNote', { accountId, customerNote: {} }, { ...invalid, parameter: 'content' })
  const noteId = made.id

  await walk.succeeds(api, 'getAccountNote', { accountId, noteId }, (note) => assert.deepEqual(note, made))
  await walk.fails(api, 'getAccountNote', { accountId, noteId: NOBODY }, missing)
  await walk.succeeds(api, 'getAccountNotes', { accountId, pageSize: 5 }, (page) => {
    assert.deepEqual([page.totalCount, page.pageSize, page.items], [1, 5, [made]])
  })
  await walk.fails(api, 'getAccountNotes', { accountId, pageSize: -1 }, { ...invalid, parameter: 'pageSize' })

  const changed = { content: 'Called about a lost parcel.' }
  await walk.stale(api, 'updateAccountNote', { accountId, noteId, customerNote: changed })
  await walk.succeeds(api, 'updateAccountNote', { accountId, noteId, customerNote: changed }, (note) => {
    assert.equal(note.content, changed.content)
  })
  await walk.fails(api, 'updateAccountNote', { accountId, noteId: NOBODY, customerNote: changed }, missing)

  await walk.stale(api, 'deleteAccountNote', { accountId, noteId })
  await walk.succeeds(api, 'deleteAccountNote', { accountId, noteId }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAccountNote', { accountId, noteId }, missing)
}
