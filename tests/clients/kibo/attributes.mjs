// Custom attributes: the three families of definitions, and the values of an account.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { NOBODY } from './walk.mjs'

const MISSING = { status: 404, code: 'ITEM_NOT_FOUND' }
const INVALID = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER' }

const code = (name) => `${name}-${randomBytes(4).toString('hex')}`

// A list of colours that shoppers may choose from.
const colours = () => ({
  attributeCode: code('colour'),
  adminName: 'Favourite colour',
  namespace: 'tenant',
  dataType: 'String',
  inputType: 'List',
  valueType: 'Predefined',
  displayGroup: 'AdminAndStorefront',
  isActive: true,
  isVisible: true,
  isMultiValued: true,
  content: { localeCode: 'en-US', value: 'Colour' },
  vocabularyValues: ['red', 'green'].map((value, n) => ({
    value,
    sequence: n + 1,
    isHidden: false,
    content: { localeCode: 'en-US', value: value.toUpperCase() },
  })),
})

export default async function attributes(walk) {
  await definitions(walk, 'CustomerAccountAttributeDefinitions')
  await definitions(walk, 'OrderAttributeDefinitions', 'commerceRuntimeAttribute', ofOrders)
  await values(walk, await definitions(walk, 'CustomerAttributeDefinition'))
}

// What definitions of orders' attributes have beyond.
const ofOrders = {
  availableInRules: true,
  entityConfigs: [{ entityType: 'Order', editable: true }],
  inheritanceRules: [{ sourceEntityType: 'Order', targetEntityType: 'Return', inheritanceMode: 'Copy' }],
}

// `name` is what the client calls the body.
async function definitions(walk, group, name = 'customerAttribute2', more = {}) {
  const api = walk.api(group)
  const body = (fields) => ({ [name]: { ...colours(), ...more, ...fields } })
  const definition = body()

  const made = await walk.repeats(api, 'createAttribute', definition, (attribute) => {
    assert.equal(attribute.attributeFQN, `tenant~${definition[name].attributeCode}`)
    assert.deepEqual(
      attribute.vocabularyValues.map((one) => one.value),
      ['red', 'green'],
    )
  })
  const attributeFQN = made.attributeFQN
  await walk.fails(api, 'createAttribute', definition, { status: 409, code: 'ITEM_ALREADY_EXISTS' })
  const nameless = body({ attributeCode: null })
  await walk.fails(api, 'createAttribute', nameless, { ...INVALID, parameter: 'attributeCode' })

  await walk.succeeds(api, 'getAttribute', { attributeFQN }, (attribute) => assert.deepEqual(attribute, made))
  await walk.fails(api, 'getAttribute', { attributeFQN: 'tenant~unknown' }, MISSING)
  const filter = `attributeCode eq ${made.attributeCode}`
  await walk.succeeds(api, 'getAttributes', { filter, sortBy: 'attributeCode asc' }, (page) => {
    assert.deepEqual([page.totalCount, page.items], [1, [made]])
  })
  await walk.fails(api, 'getAttributes', { filter: 'shoeSize eq 43' }, { ...INVALID, parameter: 'filter' })
  await walk.succeeds(api, 'getAttributeVocabularyValues', { attributeFQN }, (all) => {
    assert.deepEqual(all, made.vocabularyValues)
  })
  await walk.fails(api, 'getAttributeVocabularyValues', { attributeFQN: 'tenant~unknown' }, MISSING)

  const changed = { attributeFQN, [name]: { ...made, adminName: 'Colours' } }
  await walk.stale(api, 'updateAttribute', changed)
  await walk.succeeds(api, 'updateAttribute', changed, (attribute) => {
    assert.equal(attribute.adminName, 'Colours')
  })
  const other = { attributeFQN, [name]: { ...made, dataType: 'Number' } }
  await walk.fails(api, 'updateAttribute', other, { status: 409, code: 'VALIDATION_CONFLICT' })
  return attributeFQN
}

async function values(walk, attributeFQN) {
  const api = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const customerAttribute = { fullyQualifiedName: attributeFQN, values: ['red'] }

  const made = await walk.repeats(api, 'addAccountAttribute', { accountId, customerAttribute }, (attribute) => {
    assert.deepEqual([attribute.fullyQualifiedName, attribute.values], [attributeFQN, ['red']])
  })
  await walk.fails(
    api,
    'addAccountAttribute',
    { accountId, customerAttribute },
    {
      status: 409,
      code: 'ITEM_ALREADY_EXISTS',
    },
  )

  const one = { accountId, attributeFQN }
  await walk.succeeds(api, 'getAccountAttribute', one, (attribute) => assert.deepEqual(attribute, made))
  await walk.fails(api, 'getAccountAttribute', { accountId, attributeFQN: 'tenant~unknown' }, MISSING)
  await walk.succeeds(api, 'getAccountAttributes', { accountId }, (page) => {
    assert.deepEqual([page.totalCount, page.items], [1, [made]])
  })
  await walk.fails(api, 'getAccountAttributes', { accountId: NOBODY }, MISSING)
  await walk.check('accounts are found by an attribute', async () => {
    const page = await walk.api('CustomerAccount').getAccounts({ filter: `attributes.${attributeFQN} eq red` })
    assert.deepEqual(
      page.items.map((account) => account.id),
      [accountId],
    )
  })

  const both = { ...customerAttribute, values: ['red', 'green'] }
  await walk.stale(api, 'updateAccountAttribute', { ...one, customerAttribute: both })
  await walk.succeeds(api, 'updateAccountAttribute', { ...one, customerAttribute: both }, (attribute) => {
    assert.deepEqual(attribute.values, ['red', 'green'])
  })
  const unknown = { ...customerAttribute, values: ['blue'] }
  await walk.fails(
    api,
    'updateAccountAttribute',
    { ...one, customerAttribute: unknown },
    {
      ...INVALID,
      parameter: attributeFQN,
    },
  )

  await walk.stale(api, 'deleteAccountAttribute', one)
  await walk.succeeds(api, 'deleteAccountAttribute', one, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAccountAttribute', one, MISSING)
}
