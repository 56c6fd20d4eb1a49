// The organization of a token.
import assert from 'node:assert/strict'

export default async function organizations(walk) {
  await walk.singleton('organizations', 'organization', (shown) => {
    assert.deepEqual([shown.slug, shown.tags_max_allowed_number], [walk.facts.organization, 10])
    assert.equal(shown.domain, `${walk.facts.organization}.${walk.domain}`)
  })
  const { cl } = walk
  const { id } = await cl.organization.retrieve({ fields: ['name', 'slug'] })
  await walk.check('the organization is thin for who asks so, and the same for a guest', async () => {
    const guest = walk.client(await walk.guestToken())
    const thin = await guest.organization.retrieve({ fields: { organizations: ['slug'] } })
    assert.deepEqual({ ...thin }, { id, type: 'organizations', slug: walk.facts.organization })
  })
}
