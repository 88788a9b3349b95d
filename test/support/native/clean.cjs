// After all tests: what build.cjs made goes.
const { rmSync } = require('node:fs');

module.exports = () => rmSync(process.env.LAN_ONNX_TEST_BUILD, { recursive: true, force: true });
