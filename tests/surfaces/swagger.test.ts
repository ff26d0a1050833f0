//! The page on which people try a service, in a real browser: it renders without internet, and its examples work.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { startSystem, type TestSystem } from '../harness/system.ts'

setDefaultTimeout(60_000)
const browserPath = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  .map((name) => Bun.which(name))
  .find((path) => path !== null)
if (browserPath === undefined)
  console.log('there is no Chromium on this machine: the Swagger UI is not opened')

/** Which operations each page lists, the first of which is tried out with what the page itself fills in. */
const pages = {
  catalog: ['/get_product', '/list_skus'],
  loms: ['/order/create', '/order/info', '/order/pay', '/order/cancel', '/stock/info'],
  cart: ['/cart/item/add', '/cart/item/delete', '/cart/list', '/cart/clear', '/cart/checkout'],
  notifier: ['/history'],
} as const
const processPaths = ['/health/live', '/health/ready', '/metrics']
type Service = keyof typeof pages

let system: TestSystem
let browser: Browser

beforeAll(async () => {
  if (browserPath === undefined) return
  system = await startSystem({ seed: true })
  browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Nothing leaves this machine, whatever the browser itself has in mind.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

/** A new page that notes what it should not do: leave this machine, or complain on its console. */
async function openPage(): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    const isLocal = protocol === 'data:' || protocol === 'blob:' || hostname === '127.0.0.1'
    if (!isLocal) complaints.push(`request to ${request.url()}`)
  })
  page.on('pageerror', (error) => complaints.push(`error ${error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    complaints.push(`console ${message.text()}`)
  })
  return { page, complaints }
}

/** Unfolds an operation, sends what the page has filled in, and answers the status that the page shows. */
async function tryOut(page: Page, path: string): Promise<string> {
  const operation = page.locator('.opblock').filter({ has: page.locator(`[data-path="${path}"]`) })
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.try-out__btn').click()
  await operation.locator('.execute').click()
  const status = await operation.locator('.live-responses-table .response-col_status').last().innerText()
  return status.trim().slice(0, 3)
}

/** The paths under `/api`, as often as they have operations, by the document that the page is made from. */
async function resourcesOf(service: Service): Promise<string[]> {
  const response = await fetch(`${system.url(service)}/swagger/json`)
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, operations]) => Object.keys(operations).map(() => path))
}

test.skipIf(browserPath === undefined).each(Object.keys(pages) as Service[])(
  'the Swagger UI of %s lists every operation, and its example works as it stands',
  async (service) => {
    const paths = pages[service]
    const { page, complaints } = await openPage()
    await page.goto(`${system.url(service)}/swagger`)
    await page.locator('.opblock').first().waitFor()

    const shown = await page
      .locator('.opblock-summary-path')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-path')))
    expect(shown.toSorted()).toEqual([...paths, ...processPaths, ...(await resourcesOf(service))].toSorted())
    expect(await page.locator('h1, h2').first().innerText()).toContain(`Kiosk ${service}`)
    expect(await tryOut(page, paths[0])).toBe('200')
    expect(complaints).toEqual([])
    await page.close()
  },
)
