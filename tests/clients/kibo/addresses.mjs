// Is an address right, and how is it written?
import assert from 'node:assert/strict'

export default async function addresses(walk) {
  const api = walk.api('AddressValidation')
  const address = {
    address1: '1 Main St',
    cityOrTown: 'Austin',
    stateOrProvince: 'texas',
    postalOrZipCode: '787011234',
    countryCode: 'us',
  }

  await walk.succeeds(api, 'validateAddress', { addressValidationRequest: { address } }, (given) => {
    const [candidate, ...others] = given.addressCandidates
    assert.deepEqual(others, [])
    assert.equal(candidate.isValidated, true)
    assert.deepEqual(
      [candidate.stateOrProvince, candidate.postalOrZipCode, candidate.countryCode],
      ['TX', '78701-1234', 'US'],
    )
  })
  const elsewhere = { addressValidationRequest: { address: { ...address, stateOrProvince: 'CA' } } }
  const refused = { status: 400, code: 'MISSING_OR_INVALID_PARAMETER', parameter: 'postalOrZipCode' }
  await walk.fails(api, 'validateAddress', elsewhere, refused)
}
