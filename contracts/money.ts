//! Money is a whole number of minor units and a currency. There is no division; there is `allocate`.

/** Digits after the point, from ISO 4217. Minor units are kopecks for UAH, yen for JPY, fils for KWD. */
export const exponents = { EUR: 2, JPY: 0, KWD: 3, UAH: 2, USD: 2 } as const
export type Currency = keyof typeof exponents

/** What prices are in where nobody says otherwise. */
export const defaultCurrency: Currency = 'UAH'

declare const minorUnits: unique symbol
export type MinorUnits = number & { readonly [minorUnits]: true }
export type Money = { readonly amount: MinorUnits; readonly currency: Currency }

/** The only way to make money. A fraction or an overflow here is a bug, so it stops the request. */
export function money(amount: number, currency: Currency): Money {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`not a whole number of minor units: ${amount}`)
  return { amount: amount as MinorUnits, currency }
}

export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new TypeError(`cannot add ${a.currency} to ${b.currency}`)
  return money(a.amount + b.amount, a.currency)
}

export function times(price: Money, quantity: number): Money {
  return money(price.amount * quantity, price.currency)
}

/** Splits `total` by `weights` and loses nothing: the parts always add up to `total`. */
export function allocate(total: Money, weights: readonly number[]): Money[] {
  const weightTotal = weights.reduce((sum, weight) => sum + weight, 0)
  if (weightTotal <= 0) throw new RangeError('weights must add up to more than zero')
  let weightSeen = 0
  let amountGiven = 0
  return weights.map((weight) => {
    weightSeen += weight
    const amountDue = Math.round((total.amount * weightSeen) / weightTotal)
    const part = money(amountDue - amountGiven, total.currency)
    amountGiven = amountDue
    return part
  })
}

/** `150000` kopecks as `"1500.00"`: how the REST surface and people read money. */
export function toDecimal({ amount, currency }: Money): string {
  const digits = exponents[currency]
  if (digits === 0) return String(amount)
  const sign = amount < 0 ? '-' : ''
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}
