// The address book of an account.
import assert from 'node:assert/strict'
import { NOBODY } from './walk.mjs'

export default async function contacts(walk) {
  const api = walk.api('CustomerAccount')
  const { id: accountId } = await walk.guest()
  const missing = { status: 404, code: 'ITEM_NOT_FOUND' }
  const customerContact = {
    email: 'kim@example.com',
    firstName: 'Kim',
    lastNameOrSurname: 'Lee',
    phoneNumbers: { home: '+1 512 555 0100' },
    address: { address1: '1 Main St', cityOrTown: 'Austin', countryCode: 'us', addressType: 'Residential' },
    types: [{ name: 'Shipping', isPrimary: true }],
  }

  const made = await walk.repeats(api, 'addAccountContact', { accountId, customerContact }, (contact) => {
    assert.equal(contact.accountId, accountId)
    assert.equal(contact.address.countryCode, 'US')
    assert.deepEqual(contact.types, [{ name: 'Shipping', isPrimary: true }])
  })
  const nowhere = { customerContact: { address: { countryCode: 'XX' } } }
  await walk.fails(
    api,
    'addAccountContact',
    { accountId, ...nowhere },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'countryCode',
    },
  )
  const contactId = made.id

  await walk.succeeds(api, 'getAccountContact', { accountId, contactId }, (contact) => assert.deepEqual(contact, made))
  await walk.fails(api, 'getAccountContact', { accountId, contactId: NOBODY }, missing)

  const many = { accountId, customerContact: [{ firstName: 'Ann' }, { id: contactId, firstName: 'Kimberly' }] }
  await walk.succeeds(api, 'addAccountContactList', many, (page) => {
    assert.deepEqual(
      page.items.map((contact) => contact.firstName),
      ['Ann', 'Kimberly'],
    )
    assert.equal(page.items[1].id, contactId)
  })
  await walk.fails(api, 'addAccountContactList', { ...many, accountId: NOBODY }, missing)

  const filter = "firstName sw 'kim'"
  await walk.succeeds(api, 'getAccountContacts', { accountId, filter, sortBy: 'id desc' }, (page) => {
    assert.deepEqual(
      page.items.map((contact) => contact.id),
      [contactId],
    )
  })
  await walk.fails(
    api,
    'getAccountContacts',
    { accountId, sortBy: 'shoeSize asc' },
    {
      status: 400,
      code: 'MISSING_OR_INVALID_PARAMETER',
      parameter: 'sortBy',
    },
  )

  await walk.stale(api, 'updateAccountContact', { accountId, contactId, customerContact })
  await walk.succeeds(api, 'updateAccountContact', { accountId, contactId, customerContact }, (contact) => {
    assert.equal(contact.firstName, 'Kim')
  })
  await walk.fails(api, 'updateAccountContact', { accountId, contactId: NOBODY, customerContact }, missing)

  await walk.stale(api, 'deleteAccountContact', { accountId, contactId })
  await walk.succeeds(api, 'deleteAccountContact', { accountId, contactId }, (none) => assert.equal(none, undefined))
  await walk.fails(api, 'deleteAccountContact', { accountId, contactId }, missing)
}
