// The application of a token.
import assert from 'node:assert/strict'
import { jwtDecode } from '@commercelayer/js-auth'

export default async function applications(walk) {
  await walk.singleton('applications', 'application', (shown) => {
    assert.deepEqual([shown.kind, shown.public_access], ['integration', false])
  })
  await walk.check('a guest and a customer see the program of their token', async () => {
    for (const ticket of [await walk.guestToken(), (await walk.shopper()).ticket]) {
      const shown = await walk.client(ticket).application.retrieve({ fields: ['kind', 'public_access'] })
      const { id } = jwtDecode(ticket.accessToken).payload.application
      assert.deepEqual({ ...shown }, { id, type: 'applications', kind: 'sales_channel', public_access: true })
    }
  })
}
