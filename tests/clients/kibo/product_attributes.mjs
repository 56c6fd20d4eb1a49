// Product attributes: the attributes, their labels, their vocabularies, and the labels of the values.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'

const MISSING = { status: 404, code: 'ITEM_NOT_FOUND' }
const INVALID = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }
const TAKEN = { status: 409, code: 'ITEM_ALREADY_EXISTS' }
const REFUSED = { status: 409, code: 'VALIDATION_CONFLICT' }
const UNKNOWN = 'tenant~unknown'

const colour = () => ({
  attributeCode: `colour-${randomBytes(4).toString('hex')}`,
  adminName: 'Colour',
  dataType: 'String',
  inputType: 'List',
  valueType: 'Predefined',
  isOption: true,
  isProperty: true,
  localizedContent: [{ localeCode: 'en-US', name: 'Colour', description: 'What it looks like' }],
  vocabularyValues: [{ value: 'red' }, { value: 'sky blue' }],
})

export default async function productAttributes(walk) {
  const api = walk.api('ProductAttributes')
  await typeRules(walk, api)
  const made = await attribute(walk, api)
  const { attributeFQN } = made
  await labels(walk, api, {
    at: { attributeFQN },
    text: 'name',
    body: 'catalogAdminsAttributeLocalizedContent',
    list: 'getAttributeLocalizedContents',
    add: 'addLocalizedContent',
    get: 'getAttributeLocalizedContent',
    put: 'updateLocalizedContent',
    putAll: 'updateLocalizedContents',
    remove: 'deleteLocalizedContent',
  })
  await vocabulary(walk, api, attributeFQN)
  await labels(walk, api, {
    at: { attributeFQN, value: 'sky blue' },
    text: 'stringValue',
    body: 'attributeVocabularyValueLocalizedContent',
    list: 'getAttributeVocabularyValueLocalizedContents',
    add: 'addAttributeVocabularyValueLocalizedContent',
    get: 'getAttributeVocabularyValueLocalizedContent',
    put: 'updateAttributeVocabularyValueLocalizedContent',
    putAll: 'updateAttributeVocabularyValueLocalizedContents',
    remove: 'deleteAttributeVocabularyValueLocalizedContent',
  })
  await walk.stale(api, 'deleteAttribute', { attributeFQN })
  await walk.succeeds(api, 'deleteAttribute', { attributeFQN }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAttribute', { attributeFQN }, MISSING)
}

async function typeRules(walk, api) {
  const filter = 'attributeUsageType eq Option and attributeDataType eq Number'
  await walk.succeeds(api, 'getAttributeTypeRules', { filter }, (page) => {
    const rule = { attributeUsageType: 'Option', attributeDataType: 'Number' }
    assert.deepEqual(page.items, [{ ...rule, attributeInputType: 'List', attributeValueType: 'Predefined' }])
  })
  const wrong = { sortBy: 'shoeSize asc' }
  await walk.fails(api, 'getAttributeTypeRules', wrong, { ...INVALID, parameter: 'sortBy' })
}

async function attribute(walk, api) {
  const catalogAdminsAttribute = colour()
  const made = await walk.repeats(api, 'addAttribute', { catalogAdminsAttribute }, (given) => {
    assert.equal(given.attributeFQN, `tenant~${catalogAdminsAttribute.attributeCode}`)
    assert.deepEqual(given.content, catalogAdminsAttribute.localizedContent[0])
    assert.deepEqual(
      given.vocabularyValues.map((one) => one.value),
      ['red', 'sky blue'],
    )
  })
  const { attributeFQN } = made
  await walk.fails(api, 'addAttribute', { catalogAdminsAttribute }, TAKEN)

  await walk.succeeds(api, 'getAttribute', { attributeFQN }, (given) => assert.deepEqual(given, made))
  await walk.fails(api, 'getAttribute', { attributeFQN: UNKNOWN }, MISSING)
  const filter = `attributeFQN eq ${attributeFQN}`
  await walk.succeeds(api, 'getAttributes', { filter, sortBy: 'attributeSequence desc' }, (page) => {
    assert.deepEqual([page.totalCount, page.items], [1, [made]])
  })
  await walk.fails(api, 'getAttributes', { filter: 'shoeSize eq 43' }, { ...INVALID, parameter: 'filter' })

  const changed = { attributeFQN, catalogAdminsAttribute: { ...made, attributeMetadata: [{ key: 'erp', value: 'C' }] } }
  await walk.stale(api, 'updateAttribute', changed)
  await walk.succeeds(api, 'updateAttribute', changed, (given) => {
    assert.deepEqual(given.attributeMetadata, [{ key: 'erp', value: 'C' }])
    assert.deepEqual(given.vocabularyValues, made.vocabularyValues)
  })
  const other = { attributeFQN, catalogAdminsAttribute: { ...made, dataType: 'Number' } }
  await walk.fails(api, 'updateAttribute', other, REFUSED)
  return made
}

async function vocabulary(walk, api, attributeFQN) {
  const at = (value) => ({ attributeFQN, value })
  const body = (given) => ({ attributeFQN, catalogAdminsAttributeVocabularyValue: given })

  const green = { value: 'green/olive', content: { localeCode: 'en-US', stringValue: 'Olive' }, productName: null }
  const made = await walk.repeats(api, 'addAttributeVocabularyValue', body(green), (given) => {
    assert.deepEqual([given.value, given.content, given.displayOrder], ['green/olive', green.content, 3])
  })
  await walk.fails(api, 'addAttributeVocabularyValue', body(green), TAKEN)

  await walk.succeeds(api, 'getAttributeVocabularyValue', at('green/olive'), (given) => assert.deepEqual(given, made))
  await walk.fails(api, 'getAttributeVocabularyValue', at('mauve'), MISSING)
  await walk.succeeds(api, 'getAttributeVocabularyValues', { attributeFQN }, (all) => {
    assert.equal(all.length, 3)
    assert.deepEqual(all[2], made)
  })
  await walk.fails(api, 'getAttributeVocabularyValues', { attributeFQN: UNKNOWN }, MISSING)

  const first = { ...at('green/olive'), catalogAdminsAttributeVocabularyValue: { ...made, displayOrder: 0 } }
  await walk.stale(api, 'updateAttributeVocabularyValue', first)
  await walk.succeeds(api, 'updateAttributeVocabularyValue', first, (given) => assert.equal(given.displayOrder, 0))
  const moved = { ...at('green/olive'), catalogAdminsAttributeVocabularyValue: { ...made, value: 'lime' } }
  await walk.fails(api, 'updateAttributeVocabularyValue', moved, REFUSED)

  await walk.stale(api, 'deleteAttributeVocabularyValue', at('green/olive'))
  await walk.succeeds(api, 'deleteAttributeVocabularyValue', at('green/olive'), (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAttributeVocabularyValue', at('green/olive'), MISSING)

  const all = body([{ value: 'sky blue' }, { value: 'red' }])
  await walk.succeeds(api, 'updateAttributeVocabularyValues', all, (given) => {
    assert.deepEqual(
      given.map((one) => one.value),
      ['sky blue', 'red'],
    )
  })
  const twice = body([{ value: 'red' }, { value: 'Red' }])
  await walk.fails(api, 'updateAttributeVocabularyValues', twice, { ...INVALID, parameter: 'vocabularyValues' })
}

// The labels of an attribute or of a value: `names` are what the client calls the operations and the body.
async function labels(walk, api, names) {
  const { at, text } = names
  const label = (localeCode, words) => ({ localeCode, [text]: words })
  const body = (given, more = {}) => ({ ...at, ...more, [names.body]: given })
  const german = { ...at, localeCode: 'de-DE' }

  const made = await walk.repeats(api, names.add, body(label('de-DE', 'Farbe')), (given) => {
    assert.deepEqual([given.localeCode, given[text]], ['de-DE', 'Farbe'])
  })
  await walk.fails(api, names.add, body(label('de-DE', 'Farbe')), TAKEN)

  await walk.succeeds(api, names.get, german, (given) => assert.deepEqual(given, made))
  await walk.fails(api, names.get, { ...at, localeCode: 'fr-FR' }, MISSING)
  await walk.succeeds(api, names.list, at, (all) => {
    assert.deepEqual(
      all.map((one) => one.localeCode),
      ['de-DE', 'en-US'],
    )
  })
  await walk.fails(api, names.list, { ...at, attributeFQN: UNKNOWN }, MISSING)

  const changed = body(label('de-DE', 'Farbton'), german)
  await walk.stale(api, names.put, changed)
  await walk.succeeds(api, names.put, changed, (given) => assert.equal(given[text], 'Farbton'))
  await walk.fails(api, names.put, body(label('de-DE', ''), german), { ...INVALID, parameter: text })

  const both = body([label('en-US', 'Color'), label('fr-FR', 'Couleur')])
  await walk.succeeds(api, names.putAll, both, (all) => {
    assert.deepEqual(
      all.map((one) => one[text]),
      ['Color', 'Couleur'],
    )
  })
  await walk.fails(api, names.putAll, body([label('fr-FR', 'Couleur')]), REFUSED)

  const french = { ...at, localeCode: 'fr-FR' }
  await walk.stale(api, names.remove, french)
  await walk.succeeds(api, names.remove, french, (none) => assert.equal(none, undefined))
  await walk.fails(api, names.remove, { ...at, localeCode: 'en-US' }, REFUSED)
}
