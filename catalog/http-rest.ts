//! catalog's resources under `/api/v1` (documents C and E): products, as they are sold and as an admin keeps them, and categories.
import { type Static, Type } from '@sinclair/typebox'
import { invalidAt, ok, type Result } from '../contracts/errors.ts'
import { idSchema } from '../contracts/ids.ts'
import { defaultCurrency, type Money, toDecimal } from '../contracts/money.ts'
import {
  AmountSchema,
  amountOf,
  DecimalSchema,
  listOf,
  listReply,
  pageOf,
  pageOfAll,
  pageQuery,
  SkuTextSchema,
  skuOf,
  writtenText,
} from '../contracts/rest.ts'
import { uint32Max } from '../contracts/scalars.ts'
import { mapAnswer } from '../runtime/call.ts'
import type { Http } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import type { Content, Product } from './domain/product.ts'
import { createProduct } from './operations/create-product.ts'
import { editProduct } from './operations/edit-product.ts'
import { listCategories } from './operations/list-categories.ts'
import { listProducts } from './operations/list-products.ts'
import { showProduct } from './operations/show-product.ts'
import { withdrawProduct } from './operations/withdraw-product.ts'

const tags = ['products']
const ProductParams = Type.Object({ id: idSchema('product') })

// What each text may be, as the table has it; none is only blanks.
const Name = writtenText(500)
const Description = Type.String({ maxLength: 10_000 })
const Category = writtenText(100)
const Image = Type.String({
  maxLength: 2000,
  pattern: '^https?://\\S+$',
  description:
    'the address of a picture: http:// or https:// and at most 2000 characters, none of them blank',
})
const WeightGrams = Type.Integer({ minimum: 0, maximum: uint32Max })
// An order adds up what its products cost, and there is no sum of two currencies.
const Currency = Type.Literal(defaultCurrency, { description: 'prices of one shop are in one currency' })

const productExample = {
  id: 'prod_123',
  sku: '123',
  name: 'Навушники бездротові Dzvin Air',
  description: 'До 30 годин із кейсом.',
  category: 'electronics',
  price: '1500.00',
  currency: 'UAH',
  weight_grams: 60,
}

const ProductView = Type.Object(
  {
    id: idSchema('product'),
    sku: Type.String({ pattern: '^[1-9][0-9]*$' }),
    name: Type.String(),
    description: Type.String(),
    category: Type.String(),
    price: DecimalSchema,
    currency: Type.String(),
    image: Type.Optional(Type.String()),
    weight_grams: Type.Integer({ minimum: 0 }),
  },
  { examples: [productExample] },
)

export function rest(app: Http, deps: Deps): void {
  app.get('/api/v1/products', {
    summary: 'What is sold, a page at a time',
    description:
      'With `q` the best match first, else by SKU. Every word of `q` must begin a word of name or description; case and ё/е make no difference. A `q` without letters and digits asks for nothing in particular.',
    tags,
    guard: 'open',
    query: Type.Object({
      ...pageQuery,
      category: Type.Optional(Type.String({ maxLength: 100, examples: ['books'] })),
      q: Type.Optional(Type.String({ maxLength: 1000, examples: ['кава'] })),
    }),
    reply: listOf(ProductView),
    run: async (call, { query }) => {
      const page = pageOf(query)
      const { products, total } = await listProducts(
        deps,
        call,
        { category: query.category, query: query.q },
        page,
      )
      return ok(listReply(products.map(productView), page, total))
    },
  })

  app.get('/api/v1/products/:id', {
    summary: 'A product',
    description: 'One that is not sold any more is not found.',
    tags,
    guard: 'open',
    params: ProductParams,
    reply: ProductView,
    refusals: ['product_not_found'],
    run: async (call, { params }) => mapAnswer(await showProduct(deps, call, params), productView),
  })

  app.get('/api/v1/categories', {
    summary: 'The categories in which something is sold',
    description: 'With how many products each has, in alphabetical order.',
    tags,
    guard: 'open',
    query: Type.Object(pageQuery),
    reply: listOf(
      Type.Object(
        { category: Type.String(), count: Type.Integer({ minimum: 1 }) },
        { examples: [{ category: 'books', count: 42 }] },
      ),
    ),
    run: async (call, { query }) => ok(pageOfAll(await listCategories(deps, call), query)),
  })

  app.post('/api/v1/products', {
    summary: 'Put a product on sale',
    description:
      'Without `sku` it gets the next free one, without `id` a new one. The `sku` of a withdrawn product sells that one again, with what is said here.',
    tags,
    guard: 'admin',
    body: Type.Object(
      {
        name: Name,
        description: Description,
        category: Category,
        price: AmountSchema,
        currency: Type.Optional(Currency),
        sku: Type.Optional(SkuTextSchema),
        id: Type.Optional(idSchema('product')),
        image: Type.Optional(Image),
        weight_grams: Type.Optional(WeightGrams),
      },
      {
        examples: [
          {
            name: 'Чай трав’яний «Карпати»',
            description: 'М’ята, липа, чебрець.',
            category: 'coffee-and-tea',
            price: '129.00',
            weight_grams: 120,
          },
        ],
      },
    ),
    reply: ProductView,
    status: 201,
    refusals: ['sku_taken', 'product_id_conflict'],
    changesState: true,
    run: async (call, { sku, id, price: given, ...body }) => {
      const price = priceOf(given)
      if (!price.ok) return price
      const { name, description, category, weight_grams: weightGrams = 0, image } = composed(body)
      const content: Content = { name, description, category, weightGrams, image, price: price.value }
      const answer = await createProduct(deps, call, {
        ...content,
        ...(sku !== undefined && { sku: skuOf(sku) }),
        ...(id !== undefined && { id }),
      })
      const made = mapAnswer(answer, productView)
      return made.ok ? { ...made, headers: { location: `/api/v1/products/${made.value.id}` } } : made
    },
  })

  const Changes = Type.Object(
    {
      name: Type.Optional(Name),
      description: Type.Optional(Description),
      category: Type.Optional(Category),
      price: Type.Optional(AmountSchema),
      currency: Type.Optional(Currency),
      image: Type.Optional(Type.Union([Image, Type.Null()], { description: 'null takes it away' })),
      weight_grams: Type.Optional(WeightGrams),
    },
    { examples: [{ price: '119.00' }] },
  )

  app.patch('/api/v1/products/:id', {
    summary: 'Say something of a product anew',
    description: 'What is not named stays. Orders that are placed keep the name and price that they had.',
    tags,
    guard: 'admin',
    params: ProductParams,
    body: Changes,
    reply: ProductView,
    refusals: ['product_not_found'],
    changesState: true,
    run: async (call, body, { params }) => {
      const changes = changesOf(body)
      if (!changes.ok) return changes
      return mapAnswer(await editProduct(deps, call, { id: params.id, changes: changes.value }), productView)
    },
  })

  app.delete('/api/v1/products/:id', {
    summary: 'Take a product off sale',
    description: 'Orders keep its name and price. One that is off sale is done already.',
    tags,
    guard: 'admin',
    params: ProductParams,
    reply: Type.Object({}),
    status: 204,
    refusals: ['product_not_found'],
    changesState: true,
    run: async (call, _, { params }) => mapAnswer(await withdrawProduct(deps, call, params), () => ({})),
  })

  /** What is to change, and nothing else. */
  function changesOf(body: Static<typeof Changes>): Result<Partial<Content>> {
    const { price: given, image, weight_grams: weightGrams, currency: _, ...texts } = composed(body)
    const price = given === undefined ? undefined : priceOf(given)
    if (price?.ok === false) return price
    return ok({
      ...texts,
      ...(price !== undefined && { price: price.value }),
      ...(weightGrams !== undefined && { weightGrams }),
      ...(image !== undefined && { image: image ?? undefined }),
    })
  }
}

/** The texts with every letter as one character, as queries have them: `й` is not `и` and a mark. */
function composed<T extends { name?: string; description?: string; category?: string }>(body: T): T {
  const { name, description, category } = body
  return {
    ...body,
    ...(name !== undefined && { name: inOneLetter(name) }),
    ...(description !== undefined && { description: inOneLetter(description) }),
    ...(category !== undefined && { category: inOneLetter(category) }),
  }
}

/** A few letters come apart by it; a text that becomes longer might not fit its column any more, and stays as it is. */
function inOneLetter(text: string): string {
  const normal = text.normalize('NFC')
  return normal.length > text.length ? text : normal
}

function priceOf(given: number | string): Result<Money> {
  const price = amountOf(given, defaultCurrency)
  if (price === undefined) return invalidAt('/price', 'must be money with at most two decimals')
  if (price.amount > uint32Max) return invalidAt('/price', 'must not pass 42949672.95')
  return ok(price)
}

function productView(product: Product): Static<typeof ProductView> {
  const { id, sku, name, description, category, price, image, weightGrams } = product
  return {
    id,
    sku: String(sku),
    name,
    description,
    category,
    price: toDecimal(price),
    currency: price.currency,
    ...(image !== undefined && { image }),
    weight_grams: weightGrams,
  }
}
