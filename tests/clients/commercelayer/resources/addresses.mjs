// Addresses that stand alone, and who reaches them.
import assert from 'node:assert/strict'
import { DENIED, MISSING, idsOf, word } from '../walk.mjs'

export const home = () => ({
  first_name: 'John',
  last_name: word('Smith'),
  line_1: '2883 Geraldine Lane',
  city: 'New York',
  zip_code: '10013',
  state_code: 'NY',
  country_code: 'US',
  phone: '(212) 646-338-1228',
})

export default async function addresses(walk) {
  const { cl } = walk
  const made = await walk.resource('addresses', {
    make: home,
    change: { city: 'Boston', lat: 42.36, lng: -71.06 },
    blank: { status: 422, rule: 'blank' },
  })
  await walk.fails('addresses', 'create', [{ ...home(), business: true }], { status: 422, pointer: '/data/attributes/company' })
  await walk.check('names and places are put together', async () => {
    const shown = await cl.addresses.retrieve(made.id)
    assert.equal(shown.name, `${shown.full_name}, ${shown.full_address}`)
    assert.ok(shown.is_localized && shown.map_url.endsWith('42.36,-71.06'))
  })
  await walk.check('addresses are found by what they say', async () => {
    const filters = { last_name_eq: made.last_name, country_code_in: ['US', 'IT'], lat_gt: 42 }
    assert.deepEqual(idsOf(await cl.addresses.list({ filters })), [made.id])
  })
  const street = word('Lane')
  const far = await cl.addresses.create({ ...home(), line_1: street, city: 'Albany', metadata: { floor: { n: 3 } } })
  const near = await cl.addresses.create({ ...home(), line_1: street, city: 'Boston', company: 'Smith and Sons' })
  const { name } = await cl.tags.create({ name: word('gate').slice(0, 20) })
  await walk.steps('addresses', far.id, [['_add_tags', {}, name], ['_add_tags', {}, 'nobody-made-this-one']])
  const here = { line_1_eq: street }
  await walk.finds('addresses', [far.id, near.id], here, { line_1_cont: street.slice(2) }, { ...here, zip_code_in: ['10013', 'x'] })
  await walk.finds('addresses', [far.id], { ...here, company_null: true }, { ...here, metadata_jcont: { floor: { n: 3 } } })
  await walk.finds('addresses', [far.id], { tags_name_eq: name }, { ...here, city_lt: 'B' })
  await walk.finds('addresses', [near.id], { ...here, city_not_in_or_null: ['Albany'] }, { ...here, company_or_notes_start: 'smith' })
  await walk.check('addresses come with their tags, in the asked order', async () => {
    const fields = { addresses: ['city', 'tags'], tags: ['name'] }
    const sorted = await cl.addresses.list({ filters: here, sort: ['-city'], include: ['tags'], fields })
    assert.deepEqual(Array.from(sorted, (one) => [one.city, ...one.tags.map((tag) => tag.name)]), [['Boston'], ['Albany', name]])
  })
  await walk.steps('addresses', far.id, [['_remove_tags', {}, name]])
  const guest = walk.client(await walk.guestToken())
  const own = await walk.succeeds('addresses', 'create', [home()], () => {}, guest)
  await walk.succeeds('addresses', 'update', [{ id: own.id, notes: 'Ring twice' }], () => {}, guest)
  await walk.fails('addresses', 'list', [], DENIED, guest)
  await walk.fails('addresses', '_add_tags', [own.id, name], DENIED, guest)
  const gone = await guest.addresses.create(home())
  await walk.succeeds('addresses', 'delete', [gone.id], () => {}, guest)
  const shopper = await walk.shopper()
  const link = { customer: cl.customers.relationship(shopper.id), address: cl.addresses.relationship(own.id) }
  await cl.customer_addresses.create(link)
  await walk.fails('addresses', 'retrieve', [own.id], MISSING, guest)
  await walk.fails('addresses', 'delete', [own.id], { status: 423, code: 'LOCKED' })
}
