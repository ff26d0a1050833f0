//! The demo shop: what it sells and where that stands. Written by hand; the same on every machine and every day.
import { type DemoProduct, demoWarehouses, inCategory } from './product.ts'
import { beauty } from './products/beauty.ts'
import { books } from './products/books.ts'
import { clothing } from './products/clothing.ts'
import { coffeeAndTea } from './products/coffee-and-tea.ts'
import { electronics } from './products/electronics.ts'
import { garden } from './products/garden.ts'
import { homeTextiles } from './products/home-textiles.ts'
import { kitchen } from './products/kitchen.ts'
import { pets } from './products/pets.ts'
import { sport } from './products/sport.ts'
import { stationery } from './products/stationery.ts'
import { sweets } from './products/sweets.ts'
import { tools } from './products/tools.ts'
import { toysAndGames } from './products/toys-and-games.ts'

export { type DemoProduct, demoWarehouses }

/** Everything the shop sells. Names and descriptions are Ukrainian, Russian or English, one language a product. */
export const demoProducts: readonly DemoProduct[] = [
  ...inCategory('books', books),
  ...inCategory('coffee-and-tea', coffeeAndTea),
  ...inCategory('kitchen', kitchen),
  ...inCategory('stationery', stationery),
  ...inCategory('electronics', electronics),
  ...inCategory('toys-and-games', toysAndGames),
  ...inCategory('clothing', clothing),
  ...inCategory('home-textiles', homeTextiles),
  ...inCategory('garden', garden),
  ...inCategory('sport', sport),
  ...inCategory('beauty', beauty),
  ...inCategory('pets', pets),
  ...inCategory('sweets', sweets),
  ...inCategory('tools', tools),
]

/** One SKU of each kind of stock, for documents and the demo; the test holds them to it. */
export const demoSkus = {
  /** More than a million pieces, in every warehouse: coffee beans. */
  popular: 2001,
  /** The very last piece: a copper cezve. */
  single: 2010,
  /** On the shelf once, none left anywhere: chicory. */
  soldOut: 2009,
  /** Many pieces, all of them in Lviv: herbal tea. */
  oneWarehouse: 2005,
} as const
