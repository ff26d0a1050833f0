//! What putting and withdrawing a product come to.
import { describe, expect, test } from 'bun:test'
import { defaultTenant, type Sku } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { instantOf } from '../../contracts/time.ts'
import { type Content, create, edit, withdraw } from './product.ts'

const content: Content = {
  name: 'Чай трав’яний',
  description: 'М’ята, липа, чебрець.',
  category: 'coffee-and-tea',
  price: money(12_900, 'UAH'),
  weightGrams: 120,
  image: undefined,
}
const then = instantOf(1_000)
const now = instantOf(2_000)
const tea = create({ ...content, tenantId: defaultTenant, sku: 2005 as Sku, id: 'prod_2005' }, then)

/** One change of every field that can change; a new field does not compile until it is here. */
const changes: { [K in keyof Content]: Content[K] } = {
  name: 'Чай зелений',
  description: 'Сенча.',
  category: 'tea',
  price: money(12_901, 'UAH'),
  weightGrams: 121,
  image: 'https://example.com/tea.jpg',
}

describe('a new product', () => {
  test('is sold, at version 1, since now', () => {
    expect(tea).toMatchObject({ ...content, withdrawn: false, version: 1, createdAt: then, updatedAt: then })
  })
})

describe('an edit', () => {
  for (const [field, value] of Object.entries(changes)) {
    test(`of the ${field} alone is the next version, and nothing else changes`, () => {
      const edited = edit(tea, { ...content, [field]: value }, now)
      expect(edited).toEqual({ ...tea, [field]: value, version: 2, updatedAt: now })
    })
  }

  test('of the currency alone is a change', () => {
    expect(edit(tea, { ...content, price: money(12_900, 'EUR') }, now)?.version).toBe(2)
  })

  test('to what it is already changes nothing', () => {
    expect(edit(tea, { ...content, price: money(12_900, 'UAH') }, now)).toBeUndefined()
  })

  test('of a withdrawn product sells it again, also with the content that it had', () => {
    const withdrawn = withdraw(tea, now)
    expect(withdrawn && edit(withdrawn, content, now)).toEqual({ ...tea, version: 3, updatedAt: now })
  })
})

describe('a withdrawal', () => {
  test('is the next version; name and price stay', () => {
    expect(withdraw(tea, now)).toEqual({ ...tea, withdrawn: true, version: 2, updatedAt: now })
  })

  test('of what is withdrawn changes nothing', () => {
    const withdrawn = withdraw(tea, then)
    expect(withdrawn && withdraw(withdrawn, now)).toBeUndefined()
  })
})
