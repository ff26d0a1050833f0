//! Every rule, in the order in which they are told.
import type { Mode, Service } from './options.ts'
import type { Rule } from './rule.ts'
import { checkoutRules } from './rules/checkouts.ts'
import { deliveryRules, noticeRules } from './rules/delivery.ts'
import { keyRules } from './rules/keys.ts'
import { moneyRules } from './rules/money.ts'
import { orderRules } from './rules/orders.ts'
import { productRules } from './rules/products.ts'
import { sagaRules } from './rules/sagas.ts'
import { stockRules } from './rules/stock.ts'

export const rules: readonly Rule[] = [
  ...stockRules,
  ...moneyRules,
  ...deliveryRules,
  ...noticeRules,
  ...productRules,
  ...keyRules,
  ...orderRules,
  ...checkoutRules,
  ...sagaRules,
]

/** Those that can be held against what is there. */
export const rulesFor = (found: readonly Service[], mode: Mode): readonly Rule[] =>
  rules.filter(
    ({ needs, modes }) =>
      needs.every((service) => found.includes(service)) && (modes === undefined || modes.includes(mode)),
  )
