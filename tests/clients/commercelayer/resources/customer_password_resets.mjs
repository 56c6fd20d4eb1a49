// Resets of passwords: made by an integration, redeemed by a sales channel.
import assert from 'node:assert/strict'
import { DENIED, PASSWORD, word } from '../walk.mjs'

const NEW = 'Another-horse-8'

export default async function customerPasswordResets(walk) {
  const { cl } = walk
  const type = 'customer_password_resets'
  const { email, id } = await walk.shopper()
  const token = '/data/attributes/_reset_password_token'
  await walk.resource(type, {
    make: () => ({ customer_email: email, reference: word('mail') }),
    change: { metadata: { by: 'desk' } },
    blank: { status: 422, pointer: '/data/attributes/customer_email', rule: 'blank' },
    once: ['reset_password_token'],
  })
  const reference = word('desk')
  const told = await cl[type].create({ customer_email: email, reference, metadata: { by: { desk: 2 } } })
  const own = { customer_id_eq: id }
  await walk.finds(type, [told.id], { reference_eq: reference }, { ...own, reference_in: [reference, 'x'] }, { reference_cont: reference.slice(2) })
  await walk.finds(type, [told.id], { ...own, metadata_jcont: { by: { desk: 2 } } }, { ...own, reference_eq: reference, reset_password_at_null: true })
  await walk.finds(type, [told.id], { customer_email_eq: email, reference_eq: reference, created_at_gt: '2020-01-01' })
  await walk.check('resets come with their customer, the newest first', async () => {
    const query = { filters: own, sort: ['-created_at'], pageSize: 1, include: ['customer'], fields: { customers: ['email'] } }
    const [newest] = await cl[type].list(query)
    assert.deepEqual([newest.id, newest.customer.email], [told.id, email])
  })
  await cl[type].delete(told.id)
  const reset = await cl[type].create({ customer_email: email })

  const guest = walk.client(await walk.guestToken())
  const redeeming = { id: reset.id, customer_password: NEW }
  const wrong = { status: 422, pointer: token, rule: 'invalid' }
  await walk.fails(type, 'update', [{ ...redeeming, _reset_password_token: 'x'.repeat(20) }], wrong, guest)
  await walk.fails(type, '_reset_password_token', [reset.id, reset.reset_password_token], {
    status: 422, pointer: '/data/attributes/customer_password', rule: 'blank',
  }, guest)
  await walk.fails(type, 'retrieve', [reset.id], DENIED, guest)
  const redeemed = { ...redeeming, _reset_password_token: reset.reset_password_token }
  await walk.succeeds(type, 'update', [redeemed], (done) => assert.ok(done.reset_password_at), guest)
  await walk.fails(type, 'update', [redeemed], wrong, guest)
  await walk.succeeds(type, 'list', [{ filters: { ...own, reset_password_at_not_null: true } }], ([one]) => assert.equal(one.id, reset.id))
  await walk.check('the new password signs in, the old one does not', async () => {
    const person = { ...walk.facts.channel, username: email }
    assert.equal((await walk.token('password', { ...person, password: NEW })).ownerId, id)
    await assert.rejects(walk.token('password', { ...person, password: PASSWORD }))
  })
}
