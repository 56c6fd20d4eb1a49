// The organization of a token.
import assert from 'node:assert/strict'

export default async function organizations(walk) {
  await walk.singleton('organizations', 'organization', (shown) => {
    assert.deepEqual([shown.slug, shown.tags_max_allowed_number], [walk.facts.organization, 10])
  })
}
