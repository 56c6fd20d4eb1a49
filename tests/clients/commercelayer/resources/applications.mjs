// The application of a token.
import assert from 'node:assert/strict'

export default async function applications(walk) {
  await walk.singleton('applications', 'application', (shown) => {
    assert.deepEqual([shown.kind, shown.public_access], ['integration', false])
  })
  const guest = walk.client(await walk.guestToken())
  assert.equal((await guest.application.retrieve()).kind, 'sales_channel')
}
