package dataset_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tokenizer"
)

// From a text file to a batch: sample 1,000,000 of a run is as near as sample 0.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "dataset")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	text := []byte("To be, or not to be, that is the question.")
	input := filepath.Join(dir, "hamlet.txt")
	if err := os.WriteFile(input, text, 0o644); err != nil {
		log.Fatal(err)
	}
	tok, err := tokenizer.TrainChars(ctx, func(yield func([]byte, error) bool) { yield(text, nil) })
	if err != nil {
		log.Fatal(err)
	}

	out := filepath.Join(dir, "hamlet")
	if _, err := dataset.Build(ctx, dataset.BuildConfig{Inputs: []string{input}, Out: out, Tokenizer: tok}); err != nil {
		log.Fatal(err)
	}
	set, err := dataset.Open(out)
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	sampler, err := dataset.NewSampler(dataset.SamplerConfig{
		Sources: []dataset.Source{{Split: set.Split("train")}}, SeqLen: 8, Seed: 1, Packing: dataset.Concat})
	if err != nil {
		log.Fatal(err)
	}
	sample, batch := dataset.NewSample(8), objective.NewBatch(2, 8)
	for row := range 2 {
		if err := sampler.Sample(1_000_000+int64(row), sample); err != nil {
			log.Fatal(err)
		}
		objective.CLM{}.Fill(batch, row, sample)
	}
	fmt.Println(set.Split("train").Tokens(), "tokens,", sampler.EpochSamples(), "samples an epoch, epoch", sample.Epoch, "now,", batch.Valid, "labels in the batch")
	// Output: 42 tokens, 6 samples an epoch, epoch 166666 now, 16 labels in the batch
}
