/** Unpacks the browser and the libraries in the given archive to this process's temporary folder. */
import chromium, { inflate } from "@sparticuz/chromium";

await chromium.executablePath();
await inflate(process.argv[2] ?? "");
