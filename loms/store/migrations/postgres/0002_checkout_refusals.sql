ALTER TABLE "checkout_outcomes" ADD COLUMN "refusal" text;--> statement-breakpoint
ALTER TABLE "checkout_outcomes" ADD COLUMN "told_open" boolean;