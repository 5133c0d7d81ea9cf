import type { FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { adapter } from '../../src/memory.ts'
import { registerScheme } from '../../src/scheme.ts'
import { parseUrl } from '../../src/url.ts'

/** Fuzz targets of this package: URLs and schemes. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'memory URLs': ({ mutate }) => {
    // always the same name, because each name creates a hub for the life of the process
    const url = `memory:fuzz?${mutate('drop=0.5&repeat=0.2&reorder=1&delay=20')}`.replace('#', '')
    if (URL.canParse(url)) adapter.bus?.(new URL(url), url)
  },
  'URLs of several hosts': ({ mutate }) => {
    parseUrl(mutate('kafka://user:word@h1:9092,h2:9093/path?tls=true'))
  },
  'names of schemes': ({ mutate }) => {
    const scheme = mutate('redis+tls')
    // valid names are skipped, because a registration stays for the life of the process and may replace a built-in scheme
    if (/^[a-z][a-z0-9+.-]*$/.test(scheme)) return
    registerScheme(scheme, () => Promise.reject(new Error('none')))
  },
}
