// Tags, and the resources that carry them: set as a whole, added and taken away by name.
import assert from 'node:assert/strict'
import { DENIED, NOBODY, MISSING, fresh, idsOf, word } from '../walk.mjs'
import { home } from './addresses.mjs'

const names = (some) => Array.from(some, (one) => one.name).sort()

export default async function tags(walk) {
  const { cl } = walk
  const tag = await walk.resource('tags', {
    make: () => ({ name: word('vip') }),
    change: { name: word('renamed') },
    blank: { status: 422, pointer: '/data/attributes/name', rule: 'blank' },
  })
  const { name } = await cl.tags.retrieve(tag.id)
  await walk.fails('tags', 'create', [{ name }], { status: 422, pointer: '/data/attributes/name', rule: 'taken' })
  await walk.check('a tag is found by its name', async () => {
    assert.deepEqual(idsOf(await cl.tags.list({ filters: { name_eq: name, reference_null: true } })), [tag.id])
  })
  const other = await cl.tags.create({ name: word('other') })
  const places = {
    customers: { email: fresh('tagged') },
    addresses: home(),
    orders: { currency_code: 'USD', customer_email: fresh('tagged') },
  }
  for (const [type, given] of Object.entries(places)) {
    const { id } = await cl[type].create({ ...given, tags: cl.tags.relationshipToMany(tag.id) })
    await walk.succeeds(type, '_add_tags', [id, `${other.name}, ${word('unknown')}`])
    assert.deepEqual(names(await cl[type].tags(id)), [name, other.name].sort())
    await walk.succeeds(type, '_remove_tags', [id, name])
    const left = await cl[type].retrieve(id, { include: ['tags'] })
    assert.deepEqual(names(left.tags), [other.name])
    assert.deepEqual(idsOf(await cl[type].list({ filters: { tags_name_eq: other.name } })), [id])
    await walk.fails(type, '_add_tags', [NOBODY, name], MISSING)
    await walk.fails(type, '_remove_tags', [NOBODY, name], MISSING)
    const nobody = { id, tags: cl.tags.relationshipToMany(NOBODY) }
    await walk.fails(type, 'update', [nobody], { status: 422, pointer: '/data/relationships/tags' })
    await walk.check(`${type} have ten tags at most`, async () => {
      const some = []
      for (let n = 0; n < 11; n += 1) some.push((await cl.tags.create({ name: word('one-more') })).id)
      await walk.fails(type, 'update', [{ id, tags: cl.tags.relationshipToMany(...some) }], { status: 422 })
      await cl[type].update({ id, tags: cl.tags.relationshipToMany(...some.slice(1)) })
      assert.deepEqual(idsOf(await cl[type].tags(id, { pageSize: 25 })).sort(), some.slice(1).sort())
    })
  }
  await walk.fails('tags', 'list', [], DENIED, walk.client(await walk.guestToken()))
}
