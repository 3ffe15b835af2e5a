import { defineConfig } from 'vite';

// One script and one style sheet under fixed names: the server embeds them and sends them with an
// ETag, and `default-src 'self'` holds because nothing is inlined.
export default defineConfig({
  base: '/',
  appType: 'spa',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: {
      output: {
        inlineDynamicImports: true,
        entryFileNames: 'assets/console.js',
        assetFileNames: 'assets/console[extname]',
      },
    },
  },
  // The server compares a request's Origin with its Host: the proxy must leave the Host as it is.
  server: { proxy: { '/api': { target: process.env.LABRELAY_API ?? 'http://127.0.0.1:8099', changeOrigin: false } } },
});
