// What imports and exports have in common: the worker carries them out, so an answer soon says something else.
import assert from 'node:assert/strict'
import { until } from './listener.mjs'
import { FORBIDDEN_FILTER, MISSING, NOBODY, idsOf, word } from './walk.mjs'

const over = (job) => ['completed', 'interrupted', 'failed'].includes(job.status)

// Makes one and waits until it is over.
export async function done(walk, type, given) {
  const made = await walk.succeeds(type, 'create', [given], (begun) => assert.equal(begun.status, 'pending'))
  return until(async () => {
    const job = await walk.cl[type].retrieve(made.id)
    return over(job) && job
  }, `${type} ${made.id}`)
}

// Every operation and relationship of one that is over; it is there no more afterwards.
export async function job(walk, type, { id }) {
  await walk.succeeds(type, 'retrieve', [id], (same) => assert.equal(same.id, id))
  await walk.fails(type, 'retrieve', [NOBODY], MISSING)
  const filters = { status_eq: 'completed', processed_count_gteq: 1, id_in: [id] }
  await walk.succeeds(type, 'list', [{ filters, sort: ['-completed_at'] }], (some) => assert.deepEqual(idsOf(some), [id]))
  await walk.fails(type, 'list', [{ filters: { colour_eq: 'red' } }], FORBIDDEN_FILTER)
  const reference = word('job')
  await walk.succeeds(type, 'update', [{ id, reference }], (changed) => assert.equal(changed.reference, reference))
  await walk.fails(type, 'update', [{ id: NOBODY, reference }], MISSING)
  const late = { status: 423, code: 'LOCKED' }
  await walk.fails(type, '_interrupt', [id], late)
  await walk.relationships(type, id)
  await walk.succeeds(type, 'delete', [id])
  await walk.fails(type, 'delete', [id], MISSING)
}
